-- expect: syntax_error.lua:2:
return { run = function( end }
