-- expect: limit: the script used up the CPU time of its phase
return { limits = { phase_cpu_s = 0.3 }, run = function() while true do end end }
