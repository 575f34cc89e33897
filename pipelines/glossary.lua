-- glossary: the terms of a text with definitions. An example of a small pipeline that is no book: one call that finds, several at
-- once that define, and plain code that puts the result together.
local terms_schema = {
  type = "object", required = { "terms" }, additionalProperties = false,
  properties = { terms = { type = "array", minItems = 1, maxItems = 60, items = { type = "string", minLength = 1, maxLength = 80 } } },
}

local find = [[
List the terms in this text that a newcomer to its field would have to look up, each as it is written there, at most %d, the most
important first. No names of people, no everyday words.

%s]]

local define = [[
Define the term "%s" as it is used in this text, in one or two plain sentences, in the language of the text, without using the term
itself. Answer with the definition only.

%s]]

--- Each term once, sorted without regard to case.
local function tidy(terms, most)
  local seen, kept = {}, {}
  for _, term in ipairs(terms) do
    local folded = text.fold(text.trim(term))
    if folded ~= "" and not seen[folded] and #kept < most then
      seen[folded] = true
      kept[#kept + 1] = text.trim(term)
    end
  end
  table.sort(kept, function(a, b) return text.fold(a) < text.fold(b) end)
  return kept
end

return {
  title = "A glossary",
  description = "Finds the terms of a text and defines them.",
  input = {
    { name = "text", type = "text", required = true, help = "The text whose terms are wanted" },
    { name = "most", type = "integer", default = 20, min = 1, max = 60, help = "The most terms to define" },
  },
  run = function(input)
    run.phase("Terms")
    local found = llm.ask_json { role = "extractor", prompt = string.format(find, input.most, input.text), max_words = 300, reasoning = "little",
      schema = terms_schema }
    local terms = tidy(found.terms, input.most)

    run.phase("Definitions")
    local lines = task.map(terms, function(term)
      local answer = llm.ask { role = "writer", prompt = string.format(define, term, input.text), max_words = 80 }
      return string.format("**%s**\n: %s", term, text.trim(answer.text))
    end, { key = function(term) return text.fold(term) end })
    artifact.put("glossary.md", "# Glossary\n\n" .. table.concat(lines, "\n\n") .. "\n")
    return { terms = #terms, file = "glossary.md", issues = 0 }
  end,
}
