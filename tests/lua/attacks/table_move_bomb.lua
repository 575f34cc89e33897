-- expect: limit
return { run = function() table.move({}, 1, 1e8, 2) end }
