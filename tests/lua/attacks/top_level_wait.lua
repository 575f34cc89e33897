-- expect: top level
local a = llm.ask { role = "writer", prompt = "x" }
return { run = function() return a end }
