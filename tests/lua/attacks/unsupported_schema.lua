-- expect: patternProperties
return { run = function() return llm.ask_json { role = "writer", prompt = "x", schema = { type = "object", patternProperties = {} } } end }
