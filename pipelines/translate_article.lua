-- translate_article: a text into several languages at the same time. An example of a pipeline that knows nothing of books: one task a
-- language, and within it one call after the other, so that each passage sees how the one before was put.
local passage_words = 500

local function passages_of(article)
  local passages, current, words = {}, {}, 0
  for _, paragraph in ipairs(text.paragraphs(article)) do
    local count = text.words(paragraph)
    if words > 0 and words + count > passage_words then
      passages[#passages + 1] = table.concat(current, "\n\n")
      current, words = {}, 0
    end
    current[#current + 1] = paragraph
    words = words + count
  end
  if words > 0 then passages[#passages + 1] = table.concat(current, "\n\n") end
  return passages
end

local instruction = [[
Translate the passage into %s. Keep its meaning, tone, paragraphs and Markdown marks; write as a native author would, not word by
word. Leave names, code and quotations from other works as they are. %s

%s
The passage:

%s

Answer with the translation only.]]

local function translate(passages, language, tone)
  local done = {}
  for i, passage in ipairs(passages) do
    local before = i > 1 and "The passage before ended like this:\n\n" .. text.last_words(done[i - 1], 80) .. "\n" or ""
    local answer = llm.ask { role = "writer", prompt = string.format(instruction, language, tone, before, passage),
      max_words = text.words(passage) * 2 + 50 }
    if answer.stop == "length" then log.warn("%s: passage %d was cut off by the model", language, i) end
    done[i] = text.trim(answer.text)
  end
  return table.concat(done, "\n\n")
end

--- "translations/german.md", "translations/日本語.md"; a name without letters is told by its place in the list.
local function file_of(language, i)
  local slug = text.slug(language)
  return "translations/" .. (slug == "untitled" and "language-" .. i or slug) .. ".md"
end

return {
  title = "Translate an article",
  description = "Translates a text into several languages at the same time.",
  input = {
    { name = "text", type = "text", required = true, help = "The article, as Markdown or plain text" },
    { name = "languages", type = "list", required = true, help = "Languages to translate into, by name" },
    { name = "tone", type = "string", help = "For example: formal, for specialists" },
  },
  run = function(input)
    run.phase("Translation")
    local passages = passages_of(input.text)
    local tone = input.tone and "The tone: " .. input.tone .. "." or ""
    local translations = task.map(input.languages, function(language, i)
      local translation = translate(passages, language, tone)
      artifact.put(file_of(language, i), translation .. "\n")
      return { language = language, file = file_of(language, i), words = text.words(translation) }
    end, { key = function(language) return language end })
    return { passages = #passages, translations = json.array(translations), issues = 0 }
  end,
}
