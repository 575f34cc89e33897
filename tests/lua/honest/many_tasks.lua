-- 10,000 items in one map, and a handle that outlives the task that made it.
return {
  run = function()
    local list = {}
    for i = 1, 10000 do list[i] = i end
    local doubled = task.map(list, function(x) return x * 2 end)
    assert(#doubled == 10000 and doubled[10000] == 20000)
    local handle
    task.spawn(function()
      handle = task.spawn(function() run.sleep(600) end)
      run.sleep(0.05)
    end)
    run.sleep(0.01)
    local ok, why = pcall(task.wait, handle)
    assert(not ok and tostring(why):find("the task that started it ended", 1, true), tostring(why))
  end,
}
