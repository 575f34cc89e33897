-- expect: ask_jsn
return { run = function() return llm.ask_jsn { role = "writer", prompt = "x" } end }
