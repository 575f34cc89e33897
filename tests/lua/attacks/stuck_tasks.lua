-- expect: each task waits for another one
return {
  run = function()
    local t
    t = task.spawn(function()
      run.sleep(0.01)
      task.wait(t)
    end)
    task.wait(t)
  end,
}
