-- expect: cannot wait here
return { run = function() table.sort({ 2, 1 }, function() llm.ask { role = "w", prompt = "x" } return true end) end }
