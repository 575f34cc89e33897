-- expect: limit: the script used up the CPU time of its phase
-- Catching the error and going on must not help.
return { limits = { phase_cpu_s = 0.3 }, run = function()
  while true do pcall(function() while true do end end) end
end }
