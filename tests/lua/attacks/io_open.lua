-- expect: unknown name 'io'
return { run = function() return io.open("/etc/passwd") end }
