-- expect: have the key 'a'
return { run = function()
  task.spawn(function() end, { key = "a" })
  task.spawn(function() end, { key = "a" })
end }
