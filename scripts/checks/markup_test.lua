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
  end,
}
