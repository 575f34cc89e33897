-- expect: execute
return { run = function() os.execute("true") end }
