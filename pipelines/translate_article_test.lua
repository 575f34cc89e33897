local article = string.rep("A paragraph about rope. ", 40) .. "\n\n" .. string.rep("Another one. ", 300)

local function translate(t, languages, answers)
  return t.run { pipeline = "translate_article", input = { text = article, languages = languages }, answers = answers }
end

return {
  ["a text is put into several languages, each in a document of its own"] = function(t)
    local run = t.status(translate(t, { "German", "日本語", "हिन्दी" }), "completed")
    t.equal(#run.result.translations, 3)
    t.equal(t.documents("translations/"),
      { "translations/german.md", "translations/हिन्दी.md", "translations/日本語.md" })
  end,

  ["all of the text is sent, piece by piece"] = function(t)
    local sent = {}
    t.status(translate(t, { "German" }, function(request)
      sent[#sent + 1] = request.prompt
      return "Ein Absatz."
    end), "completed")
    local all = table.concat(sent)
    local _, ropes = string.gsub(all, "A paragraph about rope%.", "")
    t.ok(ropes >= 40, "all sentences of the first paragraph: " .. ropes)
    t.has(t.document("translations/german.md"), "Ein Absatz.")
  end,
}
