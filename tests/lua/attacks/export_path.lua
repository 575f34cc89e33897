-- expect: plain file name
return { run = function() export.run { format = "markdown", name = "../x.md", book = {} } end }
