-- expect: llm.ask: unknown field 'x11'
return { run = function()
  local question = { role = "writer", prompt = "Hello" }
  for i = 40, 11, -1 do question["x" .. i] = 1 end -- which one a table begins with differs from process to process
  llm.ask(question)
end }
