-- expect: would be a new global
return { run = function() counter = 1 end }
