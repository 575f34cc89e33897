local languages = require "lib.languages"

return {
  ["languages are known by name, in their own script, by tag, with regions and scripts"] = function(t)
    for name, tag in pairs { Japanese = "ja", ["日本語"] = "ja", ja = "ja", ["Brazilian Portuguese"] = "pt-BR", pt_BR = "pt-BR",
      ["Chinese (Traditional)"] = "zh-Hant", ["简体中文"] = "zh-Hans", Deutsch = "de", ["Serbian (Latin)"] = "sr-Latn",
      ["Latin American Spanish"] = "es-419", English = "en" } do
      t.equal(languages.find(name).tag, tag, name)
    end
  end,

  ["a text is asked for in characters where words have no blanks between them, in words elsewhere"] = function(t)
    t.equal(languages.amount(languages.find("Japanese"), 600), "1200 characters")
    t.equal(languages.amount(languages.find("Chinese (Traditional)"), 600), "1200 characters")
    for _, name in ipairs { "English", "Korean", "Thai", "Klingon" } do t.equal(languages.amount(languages.find(name), 600), "600 words", name) end
  end,

  ["languages that run from right to left say so"] = function(t)
    for _, name in ipairs { "Arabic", "Hebrew", "فارسی", "Urdu" } do t.equal(languages.find(name).direction, "rtl", name) end
    t.equal(languages.find("English").direction, "ltr")
  end,

  ["pages are labelled in the language; one that nobody knows says so and gets English words"] = function(t)
    t.equal(languages.find("German").labels.contents, "Inhalt")
    local unknown = languages.find("Klingon")
    t.equal(unknown.known, false)
    t.equal(unknown.tag, "und")
    t.equal(unknown.labels.contents, "Contents")
  end,
}
