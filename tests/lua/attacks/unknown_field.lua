-- expect: did you mean 'max_words'?
return { run = function() return llm.ask { role = "writer", prompt = "x", max_word = 3 } end }
