-- ask_again: one question once more, for `quire replay` and the page of a call. It reads and writes no document.
return {
  title = "Ask again",
  description = "Sends the question of one model call again, beside its run.",
  hidden = true, -- it is started from a call, not from a form
  input = {
    { name = "call", type = "integer", required = true, help = "The call that it comes from" },
    { name = "ask", type = "text", help = "The question as llm.ask takes it, in JSON",
      default = [[{ "role": "writer", "prompt": "Say in one sentence that you are there." }]] },
  },
  run = function(input)
    local answer = llm.ask(json.decode(input.ask))
    return { call = input.call, words = text.words(answer.text) }
  end,
}
