"use strict";

const form = document.getElementById("ask");
const show = (id, on) => { document.getElementById(id).hidden = !on; };

// element makes an element; text is always text, never markup.
function element(tag, className, text, ...children) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text) e.textContent = text;
  e.append(...children);
  return e;
}

async function call(method, path, body) {
  const response = await fetch(path, {
    method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) {
    const info = (answer.details || []).find((d) => d.reason);
    throw new Error(answer.message + (info ? " (" + info.reason + ")" : ""));
  }
  return answer;
}

function fail(error) {
  document.getElementById("error").textContent = error.message;
  show("error", true);
}

function option(value) {
  const o = element("option", "", value);
  o.value = value;
  return o;
}

async function loadPlan() {
  const { plan, version } = await call("GET", "/v1/plan");
  document.getElementById("plan").textContent =
    `Plan “${plan.name}”, version ${version.version}: ${plan.journeys.length} journeys, ${plan.segments.length} segments, ` +
    `${plan.placements.length} placements, ${plan.items.length} items.`;
  form.placement.replaceChildren(...plan.placements.map((p) => option(p.id)));
  const types = ["search", "view", "compare", "question", "save", "cart_add", "purchase", "complaint", ...plan.eventTypes];
  form.event.append(...types.map(option));
  form.language.placeholder = plan.languages[0] || "";
}

function itemCard(item) {
  const r = item.representation || {};
  return element("article", "", "",
    element("strong", "", r.title || item.itemId), element("p", "", r.body || ""),
    ...item.reasons.map((why) => element("p", "why", why.text || why.code)));
}

function needBars(need) {
  const bars = need.stages.map((s) => {
    const meter = element("meter");
    meter.value = s.probability;
    meter.setAttribute("aria-label", s.stage);
    return element("div", "stage" + (s.stage === need.stage ? " likely" : ""), "",
      element("span", "", s.stage), meter, element("span", "", (100 * s.probability).toFixed(0) + " %"));
  });
  const evidence = need.evidence.map((e) => element("p", "why", e.text || e.signal));
  const title = [need.journey, need.subject].filter(Boolean).join(" · ") + (need.stage ? "" : " (unsure)");
  return element("article", "", "", element("strong", "", title), ...bars, ...evidence);
}

function showAnswer(answer) {
  const decision = answer.decisions[0];
  const items = decision.items.map(itemCard);
  if (items.length === 0) {
    items.push(element("p", "", "Nothing: " + decision.silenceReason.replace("SILENCE_REASON_", "")));
  }
  document.getElementById("items").replaceChildren(...items);
  document.getElementById("needs").replaceChildren(...answer.needs.map(needBars));
  document.getElementById("json").textContent = JSON.stringify(answer, null, 2);
  show("answer", true);
}

form.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  show("error", false);
  const subject = form.subject.value;
  const request = {
    visitorId: form.visitor.value,
    context: { subject, language: form.language.value },
    placements: [{ placement: form.placement.value }],
  };
  if (form.event.value) {
    const id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("");
    request.events = [{ eventId: id, type: form.event.value, subject }];
  }
  try {
    showAnswer(await call("POST", "/v1/decisions:recommend", request));
  } catch (error) {
    fail(error);
  }
});

loadPlan().catch(fail);
