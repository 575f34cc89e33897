local checks = require "lib.checks"

return {
  ["what readers would see as it is, is found"] = function(t)
    t.equal(#checks.try("markup", "He <b>ran</b>."), 1)
    t.equal(#checks.try("markup", "See ![it](http://x.y/z.png)."), 1)
    t.equal(#checks.try("markup", "As said.[^1]"), 1)
    t.equal(#checks.try("markup", "He ran.<br>"), 1)
    t.equal(#checks.try("markup", "Tom &amp; she."), 1)
    t.equal(#checks.try("markup", "He *ran*."), 0)
    t.equal(#checks.try("markup", "It cost 3 < 4 pounds."), 0)
    t.equal(#checks.try("markup", "He ran [so he said] home."), 0)
    t.equal(#checks.try("markup", "![it](http://x.y/z.png)"), 1, "a picture is no link besides")
  end,

  ["a chapter whose link stands behind a letter that is no ASCII does not end the run"] = function(t)
    for prose, quote in pairs { ["Elle dit “[venez](http://x.fr)”"] = "[venez](http://x.fr)", ["Ä[hier](http://x.de)"] = "[hier](http://x.de)",
      ["に[リンク](http://x.jp)"] = "[リンク](http://x.jp)", ["[Start](http://x.y) here."] = "[Start](http://x.y)" } do
      local found = checks.try("markup", prose)
      t.equal(#found, 1, prose)
      t.equal(found[1].quote, quote)
    end
    t.ok(utf8.len(checks.try("markup", "{{" .. string.rep("aé", 60) .. "}}")[1].quote), "a long quote is not cut within a letter")
  end,
}
