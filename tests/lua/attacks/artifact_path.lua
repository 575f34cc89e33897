-- expect: plain relative path
return { run = function() artifact.put("../../etc/passwd", "x") end }
