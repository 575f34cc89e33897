-- expect: pattern too costly
return { run = function() return (("a"):rep(300)):find((".-"):rep(4) .. "b") end }
