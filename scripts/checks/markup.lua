-- markup: tags, links, pictures, footnotes, tables and code, which readers would see as they are.
local reading = require "lib.reading"

-- A link is no picture: no ! before it. The frontier takes no byte of the character before.
local kinds = {
  { "an HTML tag", "</?%a[%w]*[^<>\n]*>" }, { "a picture", "!%[[^%]\n]*%]%([^%)\n]+%)" }, { "a link", "%f[!%[]%[[^%]\n]+%]%([^%)\n]+%)" },
  { "a footnote", "%[%^[%w]+%]" }, { "a code fence", "```" }, { "a table", "\n|[^\n]*|[^\n]*|" }, { "a template", "{{[^}\n]*}}" },
  { "an entity", "&%a+;" }, { "a marker of a chat", "<|[%w_]+|>" },
}

return {
  title = "Markup", scope = "chapter",
  run = function(it)
    local out = {}
    for _, kind in ipairs(kinds) do
      local first, last = string.find(it.reading.prose, kind[2])
      if first then
        local quote = reading.cut_quote(string.sub(it.reading.prose, first, last))
        out[#out + 1] = { quote = quote, problem = "The prose holds " .. kind[1] .. ", which readers would see as it is." }
      end
    end
    return out
  end,
}
