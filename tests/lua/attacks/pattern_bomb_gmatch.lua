-- expect: pattern too costly
return { run = function() for _ in (("a"):rep(3000)):gmatch((".-"):rep(6) .. "b") do end end }
