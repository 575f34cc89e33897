-- expect: limit
return { run = function() return select("#", table.unpack({}, 1, 1e8)) end }
