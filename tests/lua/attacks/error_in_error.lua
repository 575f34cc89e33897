-- expect: limit: the script used up the CPU time of its phase
return { limits = { phase_cpu_s = 0.3 }, run = function()
  local function handler() error("again") end
  while true do xpcall(error, handler, "x") end
end }
