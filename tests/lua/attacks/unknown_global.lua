-- expect: did you mean 'string'?
return { run = function() return strng.format("x") end }
