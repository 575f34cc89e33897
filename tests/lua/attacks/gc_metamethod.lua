-- expect: __gc
return { run = function() setmetatable({}, { __gc = function() while true do end end }) end }
