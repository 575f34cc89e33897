local checks = require "lib.checks"

return {
  ["headings in the middle of a chapter are found; sentences that look like one are not"] = function(t)
    t.equal(#checks.try("headings_inside", "She left.\n\n## Later\n\nHe stayed."), 1)
    t.equal(#checks.try("headings_inside", "She left.\n\nChapter 4\n\nHe stayed."), 1)
    t.equal(#checks.try("headings_inside", "She left.\n\nChapter 4 of the manual was missing."), 0)
    t.equal(#checks.try("headings_inside", "She left.\n\n\"Chapter 3,\" she read."), 0)
  end,
}
