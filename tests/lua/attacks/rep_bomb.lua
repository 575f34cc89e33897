-- expect: limit: string.rep
return { run = function() return #(("x"):rep(1e9)) end }
