-- expect: limit: the script used up the CPU time of its phase
return { limits = { phase_cpu_s = 1 }, run = function()
  local function spin() while true do end end
  xpcall(spin, spin)
end }
