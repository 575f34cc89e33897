-- expect: must return a table with a function 'run'
return { title = "nothing to run" }
