local refusals = require "lib.refusals"

return {
  ["an answer that refuses is known in the languages that models refuse in"] = function(t)
    for _, said in ipairs {
      "I'm sorry, but I can't help with that request.",
      "I can’t continue with this story, because it may involve harmful content. I could write another scene for you instead.",
      "As an AI language model, I cannot assist with this.",
      "Es tut mir leid, aber ich kann diese Anfrage nicht erfüllen.",
      "Je suis désolé, mais je ne peux pas répondre à cette demande.",
      "Lo siento, pero no puedo ayudar con esa solicitud.",
      "Mi dispiace, ma non posso soddisfare questa richiesta.",
      "Desculpe, mas não posso ajudar com esse pedido.",
      "申し訳ありませんが、そのリクエストにはお応えできません。",
      "抱歉，我无法满足这个请求。",
      "Извините, но я не могу выполнить этот запрос.",
    } do t.ok(refusals.of(said), said) end
  end,

  ["people of a story who refuse are prose"] = function(t)
    for _, said in ipairs {
      "“I'm sorry, but I can't help with that request,” the clerk said, and shut the window.",
      "I'm sorry I can't come to the wedding. The boat is gone, and Tom with it.",
      "I cannot sleep. The wind has been at the shutters since Tuesday.",
      "Es tut mir leid, dass ich nicht kommen kann. Der Fluss steht zu hoch.",
      "Lo siento, hijo, no puedo quedarme. El barco sale al alba.",
      "抱歉，我不能陪你去了。船已经走了。",
      "She could not help with the request. Nobody could.",
      "", "I'm sorry. " .. string.rep("I can't answer your request tonight. ", 40),
    } do t.equal(refusals.of(said), nil, said) end
  end,
}
