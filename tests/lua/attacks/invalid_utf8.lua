-- expect: UTF-8
return { run = function() return llm.ask { role = "writer", prompt = "a\xff b" } end }
