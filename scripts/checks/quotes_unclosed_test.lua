local checks = require "lib.checks"

return {
  ["speech without an end is found, in the marks of several languages"] = function(t)
    t.equal(#checks.try("quotes_unclosed", "\"Stay, she said.\n\nHe left."), 1)
    t.equal(#checks.try("quotes_unclosed", "“Stay, she said.\n\nHe left."), 1)
    t.equal(#checks.try("quotes_unclosed", "„Bleib, sagte sie.\n\nEr ging."), 1)
    t.equal(#checks.try("quotes_unclosed", "« Restez, dit-elle.\n\nIl partit."), 1)
    t.equal(#checks.try("quotes_unclosed", "「行くな\n\n彼は行った。"), 1)
  end,
  ["a speech that goes on in the next paragraph, and closed speech, are right"] = function(t)
    t.equal(#checks.try("quotes_unclosed", "“Stay. I mean it.\n\n“And sit down,” she said."), 0)
    t.equal(#checks.try("quotes_unclosed", "„Bleib“, sagte sie."), 0)
    t.equal(#checks.try("quotes_unclosed", "\"Stay,\" she said. \"Please.\""), 0)
    t.equal(#checks.try("quotes_unclosed", "« Restez », dit-elle."), 0)
    t.equal(#checks.try("quotes_unclosed", "»Bleib«, sagte sie."), 0)
    t.equal(#checks.try("quotes_unclosed", "He was 6 feet tall."), 0)
  end,
}
