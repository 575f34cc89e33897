-- Sorting 5,000 rows with a comparator is honest work.
return { run = function()
  local rows = {}
  for i = 1, 5000 do rows[i] = { n = (i * 7919) % 5003, name = "row " .. i } end
  table.sort(rows, function(a, b) return a.n < b.n end)
  for i = 2, #rows do assert(rows[i - 1].n <= rows[i].n) end
  return { sorted = #rows }
end }
