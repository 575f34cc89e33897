-- expect: pairs cannot order
return { run = function() for _ in pairs { [{}] = 1 } do end end }
