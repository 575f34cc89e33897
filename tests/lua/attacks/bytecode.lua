-- expect: load
return { run = function() return load("\27Lua") end }
