local blocks = require "lib.blocks"

return {
  ["a prompt can be made longer without touching its beginning"] = function(t)
    local prompt = blocks.new():stable("rules", "Rules."):stable("empty", "")
    local longer = prompt:copy():stable("scene 1", "Scene."):last("task", "Write.", { "plans/01.json" })
    t.equal(#prompt:list(), 1)
    t.equal(#longer:list(), 3)
    t.equal(longer:list()[1], prompt:list()[1])
    t.equal(longer:list()[3], { name = "task", text = "Write.", from = { "plans/01.json" } })
  end,

  ["what a model made is shortened to its cap, in any script"] = function(t)
    t.equal(blocks.fit("short", 100), "short")
    for _, long in ipairs { string.rep("word ", 200), string.rep("海", 300), string.rep("x", 300) } do
      local fitted = blocks.fit(long, 50)
      t.ok(text.length(fitted) <= 50, fitted)
      t.ok(utf8.len(fitted), "whole letters")
    end
  end,

  ["a phase that still passes a cap is told so, with its own line"] = function(t)
    for _, method in ipairs { "stable", "last" } do
      local ok, err = pcall(function() blocks.new()[method](blocks.new(), "style", "Short sentences.", 6000) end)
      t.ok(not ok, method)
      t.ok(string.find(err, "blocks_test", 1, true) and string.find(err, "leave the number out", 1, true), err)
    end
  end,

  ["an empty list has words too"] = function(t)
    t.equal(blocks.bullets({ "a", "b" }), "- a\n- b")
    t.equal(blocks.bullets({}), "- none")
    t.equal(blocks.bullets({}, "nothing"), "nothing")
  end,
}
