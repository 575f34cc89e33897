-- expect: limit: the script used up the CPU time of its run
return { limits = { run_cpu_s = 0.4, phase_cpu_s = 0.3 }, run = function()
  while true do
    run.phase("another")
    for _ = 1, 1e6 do end
  end
end }
