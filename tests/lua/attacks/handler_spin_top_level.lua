-- expect: limit: the script computed too long in one go
local function spin() while true do end end
xpcall(error, spin)
xpcall(spin, spin)
return { run = spin }
