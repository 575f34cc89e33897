-- expect: limit: the script computed too long in one go
return { run = function()
  local function spin() while true do end end
  table.sort({ 3, 2, 1 }, function() while true do xpcall(spin, function() xpcall(spin, spin) end) end end)
end }
