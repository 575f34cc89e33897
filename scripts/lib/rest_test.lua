local rest = require "lib.rest"
local schema = require "lib.schema"

local person = schema.object { { "name", schema.text(40) }, { "want", schema.text(90) } }
local plan = schema.object { { "title", schema.text(80) }, { "cast", schema.list(person, 2, 4) }, { "ending", schema.text(90) } }

local whole = [[
Here it is: {"title": "The \"Tide\", [and] {more", "cast": [{"name": "Ines", "want": "x, y"}, {"name": "Tom", "want": "z"}], "ending": "He goes."}]]

return {
  ["whatever byte a document is cut at, what is kept of it is whole, and the rest completes it"] = function(t)
    local right = json.extract(whole)
    for n = 1, #whole - 1 do
      local kept, open = rest.kept(string.sub(whole, 1, n))
      if kept then
        local shape = rest.schema(plan, kept, open)
        t.ok(shape, "cut at " .. n)
        local more = {}
        for _, name in ipairs(shape.required) do
          more[name] = right[name]
          if name == open then
            more[name] = json.array {}
            for i = #kept[name] + 1, #right[name] do table.insert(more[name], right[name][i]) end
          end
        end
        t.ok(json.check(more, shape), "cut at " .. n)
        rest.join(kept, open, more)
      end
      t.equal(kept or right, right)
    end
  end,

  ["a list that begins again adds only what is new"] = function(t)
    local kept = { title = "Tide", cast = { { name = "Ines", want = "x" } } }
    t.ok(rest.join(kept, "cast", { cast = { { want = "x", name = "Ines" }, { name = "Tom", want = "z" } }, title = "Another" }))
    t.equal(kept, { title = "Tide", cast = { { name = "Ines", want = "x" }, { name = "Tom", want = "z" } } })
    t.ok(not rest.join(kept, "cast", { cast = { { name = "Tom", want = "z" } } }))
  end,

  ["nothing whole is nothing kept"] = function(t)
    t.equal(rest.kept("I will write it now"), nil)
    t.equal(rest.kept('{"title": "The Ti'), nil)
    t.equal(rest.kept('{"cast": [{"name": "Ines", "wa'), nil)
  end,
}
