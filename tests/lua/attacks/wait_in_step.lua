-- expect: cannot wait here
return { run = function() step("s", {}, function() run.sleep(1) end) end }
