-- expect: the same question got the same answer
return { run = function() while true do step("again", { 1 }, function() return 1 end) end end }
