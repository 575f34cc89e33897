-- gsub with a callback over a 600 KB book is honest work.
return { run = function()
  local book = ("The keeper walked down to the harbour and counted the boats. "):rep(10000)
  local words = 0
  local out = book:gsub("%a+", function(w) words = words + 1 return w:upper() end)
  assert(#out == #book)
  return { bytes = #book, words = words }
end }
