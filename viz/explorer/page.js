// The page of a graph: what a reader sees and does. `mount` builds it into an element and gives back
// how to set its numbers and to take it away again; everything shown follows from one `state` by `render`.

const SVG = "http://www.w3.org/2000/svg";
const KEYS = [
    ["→ ←", "step on, step back"], ["Home End", "nothing computed, everything computed"],
    ["Space", "play, pause"], ["P", "predict, then reveal"], ["G", "a step of gradient descent"],
    ["R", "the numbers as they were"], ["V", "symbols, every operation"],
    ["+ − 0", "nearer, farther, all of it"], ["Tab Enter", "to the next box, choose it"],
    ["Esc", "choose nothing"], ["T", "light, dark"],
];
const ICONS = {
    first: "M4 4h3v16H4zM20 4v16L8 12z", back: "M17 4v16L5 12z", play: "M6 4v16l13-8z",
    pause: "M6 4h4v16H6zM14 4h4v16h-4z", next: "M7 4v16l12-8z", last: "M17 4h3v16h-3zM4 4v16l12-8z",
};
const MANY = 150; // boxes: of more, not all is written at once that is to be read
const READABLE = 0.7; // the scale below which a graph is not shrunk unless that is asked for

function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    return furnished(element, attributes, children);
}

function draw(tag, attributes = {}, ...children) {
    return furnished(document.createElementNS(SVG, tag), attributes, children);
}

function furnished(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (value === true) element.setAttribute(name, "");
        else if (value !== false && value !== null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

// Formulas. A piece of MathML comes from Python, where every label in it was escaped.

function math(mathml, large = false) {
    const holder = make("span");
    holder.innerHTML = `<math${large ? ' displaystyle="true"' : ""}>${mathml}</math>`;
    return holder.firstChild;
}

function quotient(over, under) {
    return `<mfrac><mrow><mi>∂</mi>${over}</mrow><mrow><mi>∂</mi>${under}</mrow></mfrac>`;
}

// "= 5", or "≈ 0.333333" where the number, or one of those it is shown to come from, is rounded.
function worth(x, ...from) {
    const exact = x === 0 || ![x, ...from].some(isRounded);
    return `<mo form="infix">${exact ? "=" : "≈"}</mo>${decimal(x)}`;
}

const OPENING = "([{|";

// Whether the browser has a font that tells it where indices stand.
function lowersScripts(page) {
    const trial = math("<msub><mi>x</mi><mn>1</mn></msub>");
    page.append(trial);
    const [letter, index] = [...trial.firstChild.children].map((each) =>
        each.getBoundingClientRect());
    trial.remove();
    return index.bottom - letter.bottom > 2;
}

// A formula with numbers in the place of its symbols, negative ones in brackets where they need
// them, and dots between numbers. `follows`: something stands before it, as another factor.
function filled(mathml, values, follows = false) {
    const holder = math(mathml);
    for (const place of holder.querySelectorAll("[data-node]")) {
        const x = values[Number(place.dataset.node)];
        const enclosed = x < 0 && needsBrackets(place, holder, follows);
        const bracket = (sign) => `<mo stretchy="false">${sign}</mo>`;
        const text = decimal(x);
        place.innerHTML = enclosed ? `${bracket("(")}<mrow>${text}</mrow>${bracket(")")}` : text;
    }
    for (const place of holder.querySelectorAll("[data-node]")) {
        const whole = outermost(place, holder);
        if (!/^(mrow|math|mtd)$/.test(whole.parentNode.localName)) continue;
        while (whole.previousElementSibling?.localName === "mspace") {
            whole.previousElementSibling.remove();
        }
        const before = whole.previousElementSibling;
        if (before && before.localName !== "mo" && /[0-9)∞]$/.test(before.textContent)) {
            whole.before(math("<mo>·</mo>").firstChild);
        }
        const after = whole.nextElementSibling;
        if (after && after.localName === "mn") whole.after(math("<mo>·</mo>").firstChild);
    }
    return holder.innerHTML;
}

// The largest part of a formula that begins with this one.
function outermost(place, holder) {
    let whole = place;
    while (!whole.previousElementSibling && whole.parentNode !== holder
        && /^(mrow|msup|msub|msubsup)$/.test(whole.parentNode.localName)) {
        whole = whole.parentNode;
    }
    return whole;
}

function needsBrackets(place, holder, follows) {
    for (let part = place; part !== holder; part = part.parentNode) {
        const above = part.parentNode;
        if (part.previousElementSibling) {
            if (/^(msup|msub|msubsup|mfrac|mover|msqrt|mroot)$/.test(above.localName)) return false;
            return !OPENING.includes(part.previousElementSibling.textContent);
        }
        if (/^(msup|msubsup|msub)$/.test(above.localName)) return true;
        if (/^(mfrac|msqrt|mroot|mtd)$/.test(above.localName)) return false;
    }
    return follows;
}

// MathML as a line of text, to be read aloud.
function spoken(mathml) {
    return said(math(mathml)).replace(/\s+/g, " ").trim();
}

function said(part) {
    if (part.nodeType === 3) return part.textContent === "∂" ? "d" : part.textContent;
    const parts = [...part.childNodes].map(said);
    const group = (text) => (/^[\wα-ωΑ-Ω.₀-₉⁰¹²³⁴-⁹]*$/.test(text) ? text : `(${text})`);
    switch (part.localName) {
    case "mfrac": return `${group(parts[0])}/${group(parts[1])}`;
    case "msqrt": return `√(${parts.join("")})`;
    case "msub": return parts[0] + scripted(parts[1], "₀₁₂₃₄₅₆₇₈₉", "_");
    case "msup": return parts[0] + scripted(parts[1], "⁰¹²³⁴⁵⁶⁷⁸⁹", "^");
    case "msubsup": return parts[0] + scripted(parts[1], "₀₁₂₃₄₅₆₇₈₉", "_")
        + scripted(parts[2], "⁰¹²³⁴⁵⁶⁷⁸⁹", "^");
    case "mover": return parts[0] + (/[ˆ^]/.test(parts[1]) ? "\u0302" : parts[1]);
    case "mo": return /^[-+−=≈·]$/.test(parts[0]) && part.getAttribute("form") !== "prefix"
        ? ` ${parts[0]} ` : parts.join("");
    default: return parts.join("");
    }
}

function scripted(text, digits, sign) {
    if (/^\d+$/.test(text)) return text.replace(/\d/g, (digit) => digits[digit]);
    return sign + (text.length > 1 ? `(${text})` : text);
}

export function mount(host, graph, program, options = {}) {
    const views = graph.views.map((view) => prepared(graph, view));
    const nodes = graph.nodes;
    const root = nodes.length - 1;
    const state = fromAddress(graph, options.page ? location.hash : "");
    const given = options.numbers || {};
    state.numbers = state.numbers.map((x, place) => given[nodes[graph.leaves[place]].text] ?? x);
    const night = matchMedia("(prefers-color-scheme: dark)");
    const dialogs = { hovered: null, playing: 0, address: location.hash, remembered: 0,
        verdict: null, right: 0, questions: 0 };
    let now = {}; // what follows from `state`: numbers, values, gradients, what is known
    const endings = []; // what is to be undone at the end

    // Names and formulas of nodes.

    const cell = (place) => (place === null || place === undefined ? "" : graph.cells[place]);
    const isLabelled = (node) => Boolean(nodes[node].name);
    const name = (node) => {
        if (isLabelled(node)) return nodes[node].name;
        const formula = cell(nodes[node].formula);
        const short = formula && spoken(formula).length <= 24;
        return short ? `<mrow><mo>(</mo>${formula}<mo>)</mo></mrow>` : "<mi>□</mi>";
    };
    const called = (node) => nodes[node].text;
    const slope = (node) => quotient(name(root), name(node));
    const rule = (arrow) => (arrow.which >= 0
        ? cell(nodes[arrow.end].rules[arrow.which])
        : cell(graph.factors[`${arrow.end},${arrow.start}`]));
    const kindOf = (node) => nodes[node].kind;

    // The page, once.

    const plain = !lowersScripts(host); // asked while nothing is there that would be laid out

    const art = draw("g", { class: "chalk-world" });
    const canvas = draw("svg", { class: "chalk-canvas", role: "group",
        "aria-label": "The graph. Each box can be chosen." }, art);
    const tip = make("div", { class: "chalk-tip", "aria-hidden": "true", hidden: true });
    const telling = make("div", { class: "chalk-telling", role: "region", "aria-label": "This step",
        "aria-live": "polite" });
    const chosenPart = make("div", { class: "chalk-chosen" });
    const trouble = make("p", { class: "chalk-trouble", role: "alert", hidden: true });
    const slider = make("input", { type: "range", min: 0, "aria-label": "Step",
        oninput: () => go(Number(slider.value)) });
    const counter = make("output", { class: "chalk-counter" });
    const icon = (shape) => draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" },
        draw("path", { d: ICONS[shape] }));
    const button = (label, shape, action) => make("button", { type: "button", "aria-label": label,
        title: label, onclick: action }, icon(shape));
    const player = button("Play", "play", () => play(!dialogs.playing));
    const asking = make("button", { type: "button", class: "chalk-word", "aria-pressed": "false",
        title: "Hide each next gradient until you have guessed it (P)", onclick: predict },
    "Predict, then reveal");
    const seeing = make("div", { class: "chalk-switch", role: "group", "aria-label": "Detail" },
        ...views.map((view, place) => make("button", { type: "button", class: "chalk-word",
            title: "How much of the graph is shown (V)",
            onclick: () => change({ view: place, step: null, asked: 0, place: null }) },
        view.name === "symbols" ? "Symbols" : "Every operation")));
    const lamp = make("button", { type: "button", class: "chalk-word", onclick: relight,
        title: "Light or dark (T)" }, "Dark");
    const zooming = make("div", { class: "chalk-zoom" },
        ...[["Nearer", "+", () => zoom(1.25)], ["Farther", "−", () => zoom(0.8)],
            ["All of it", "⤢", () => change({ place: fitting(0) })]].map(([label, sign, action]) =>
            make("button", { type: "button", "aria-label": label, title: label, onclick: action },
                sign)));
    const legend = make("ul", { class: "chalk-legend" },
        ...["input", "parameter", "intermediate", "loss", "output"]
            .filter((kind) => nodes.some((node) => node.kind === kind))
            .map((kind) => make("li", { class: kind }, make("span", { class: "chalk-patch" }), kind)));
    const heading = make(options.page ? "h1" : "h3", {}, graph.title);
    const page = make("div", { tabindex: "-1",
        "data-lm-suppress-shortcuts": "true", // JupyterLab's, which has others on the same keys
        class: `chalk${options.page ? " whole" : ""}${plain ? " plain" : ""}` },
        make("header", { class: "chalk-head" }, heading,
            make("div", { class: "chalk-tools" }, ...(views.length > 1 ? [seeing] : []), lamp)),
        make(options.page ? "main" : "div", { class: "chalk-main" },
            make("section", { class: "chalk-graph", "aria-label": "Graph" }, canvas,
                make("div", { class: "chalk-foot" }, legend, zooming), tip),
            make("section", { class: "chalk-steps", "aria-label": "Step by step" }, trouble, telling,
                make("div", { class: "chalk-transport" },
                    button("To the beginning", "first", () => go(0)),
                    button("Step back", "back", () => advance(-1)), player,
                    button("Step on", "next", () => advance(1)),
                    button("To the end", "last", () => go(view().steps.length)),
                    slider, counter, asking)),
            make("section", { class: "chalk-side", "aria-label": "Numbers and derivations",
                tabindex: "0" }, chosenPart, trainingPart(), numbersPart(), keysPart())));
    host.append(page);

    function view() {
        return views[state.view];
    }

    // Numbers that can be changed: a table of them, once.

    function numbersPart() {
        const rows = graph.table.map((place) => {
            const leaf = graph.leaves[place];
            const field = make("input", { type: "number", step: "any", "aria-label": called(leaf),
                oninput: () => {
                    if (field.value !== "" && Number.isFinite(field.valueAsNumber)) {
                        setNumber(place, field.valueAsNumber, true);
                    }
                },
                onchange: () => render() });
            const handle = make("button", { type: "button", class: "chalk-handle",
                "aria-label": `choose ${called(leaf)}`,
                title: "Click to choose, drag sideways to change",
                onpointerdown: (event) => scrubNumber(event, place), onclick: () => choose(leaf) },
            math(nodes[leaf].name));
            const grad = make("td", { class: "chalk-back" });
            const row = make("tr", { class: kindOf(leaf) }, make("th", { scope: "row" }, handle),
                make("td", {}, field), grad);
            return { leaf, place, field, grad, row };
        });
        numbersPart.rows = rows;
        if (!rows.length) return "";
        const head = make("thead", {}, make("tr", {}, ...["symbol", "number", "gradient"].map(
            (text) => make("th", { scope: "col" }, text))));
        const tables = [];
        for (const kind of ["input", "parameter"]) {
            const some = rows.filter(({ leaf }) => kindOf(leaf) === kind);
            while (some.length) { // in pieces, of which the browser lays out those that are seen
                tables.push(make("table", { "aria-label": `${kind}s` },
                    ...(tables.length ? [] : [head]),
                    make("tbody", {}, ...some.splice(0, 30).map(({ row }) => row))));
            }
        }
        return make("section", { class: "chalk-numbers", "aria-label": "Numbers" },
            make("h2", {}, "Change a number"), ...tables);
    }

    // Dragging a symbol sideways: `moved` is told how many steps from where it began.
    function scrub(down, moved) {
        let any = false;
        const handle = down.currentTarget;
        const move = (event) => {
            const way = Math.round((event.clientX - down.clientX) / 3);
            if (!way && !any) return;
            any = true;
            moved(way);
        };
        const end = () => {
            handle.removeEventListener("pointermove", move);
            if (any) handle.addEventListener("click", (event) => event.stopImmediatePropagation(),
                { capture: true, once: true });
        };
        handle.setPointerCapture(down.pointerId);
        handle.addEventListener("pointermove", move);
        handle.addEventListener("pointerup", end, { once: true });
        handle.addEventListener("pointercancel", end, { once: true });
    }

    function scrubNumber(down, place) {
        const before = now.numbers[place];
        const unit = 10 ** Math.floor(Math.log10(Math.max(Math.abs(before), 1))) / 20;
        scrub(down, (way) => setNumber(place, Number((before + way * unit).toPrecision(12))));
    }

    function scrubRate(down) {
        const before = state.rate;
        scrub(down, (way) => change({ rate: Number((before * 10 ** (way / 20)).toPrecision(3)) }));
    }

    function trainingPart() {
        if (!nodes.some((node) => node.kind === "parameter")) return "";
        const rate = make("input", { type: "number", step: "any", min: "0",
            "aria-label": "learning rate",
            oninput: () => {
                if (rate.valueAsNumber > 0) change({ rate: rate.valueAsNumber }, rate);
            } });
        const word = (text, title, action) => make("button", { type: "button", class: "chalk-word",
            title, onclick: action }, text);
        const curve = make("div", { class: "chalk-curve" });
        trainingPart.parts = { rate, curve };
        return make("section", { class: "chalk-training", "aria-label": "Gradient descent" },
            make("h2", {}, "Gradient descent"),
            make("p", {}, math("<mi>W</mi><mo>←</mo><mi>W</mi><mo>−</mo><mi>η</mi><mo>·</mo>"
                + quotient(name(root), "<mi>W</mi>"))),
            make("div", { class: "chalk-row" },
                make("button", { type: "button", class: "chalk-handle",
                    "aria-label": "set the learning rate",
                    title: "Drag sideways to change the learning rate, or type it",
                    onpointerdown: scrubRate, onclick: () => rate.focus() },
                math("<mi>η</mi>")), rate,
                word("Step", "One step downhill for every parameter (G)", () => descend(1)),
                word("10 steps", "Ten steps", () => descend(10)),
                word("Reset", "The numbers as they were (R)", reset)),
            curve);
    }

    function keysPart() {
        return make("details", { class: "chalk-keys" }, make("summary", {}, "Keys"),
            make("dl", {}, ...KEYS.flatMap(([keys, what]) => [make("dt", {}, keys),
                make("dd", {}, what)])));
    }

    // The graph of the current view: built when the view changes.

    let shown = null;
    let boxes = new Map();
    let lines = [];

    function build() {
        shown = view();
        const height = graph.height;
        lines = shown.arrows.map((arrow) => {
            const label = draw("text", { x: arrow.x ?? 0, y: (arrow.y ?? 0) + 4,
                class: "chalk-slope" });
            const group = draw("g", { class: "chalk-arrow" + (arrow.passes ? "" : " fixed"),
                "data-start": arrow.start, "data-end": arrow.end },
            draw("path", { class: "line", d: arrow.path }), draw("path", { class: "head",
                d: arrow.head }));
            return { group, label };
        });
        boxes = new Map(shown.nodes.map((node, place) => {
            const [x, y, width] = shown.boxes[place];
            const value = draw("text", { class: "value", x: width - 8, y: 18 });
            const grad = draw("text", { class: "grad", x: width - 8, y: 36 });
            const marked = isLabelled(node) && nodes[node].sign && shown.name === "operations";
            const marks = draw("text", { class: "mark", x: 9, y: height - 6 },
                marked ? nodes[node].sign : "");
            const room = marked ? height - 14 : height;
            const title = draw("foreignObject", { x: 8, y: 0, width: width - 88, height: room });
            const radius = { parameter: 14, input: 0 }[kindOf(node)] ?? 4;
            const box = draw("g", { class: `chalk-box ${kindOf(node)}`, role: "button",
                tabindex: "0", "data-node": node,
                transform: `translate(${x - width / 2} ${y - height / 2})`,
                onclick: () => choose(node),
                onkeydown: (event) => {
                    if (event.key === "Enter") {
                        choose(node);
                        event.preventDefault();
                        event.stopPropagation();
                    }
                },
                onpointerenter: (event) => event.pointerType === "mouse" && hover(node),
                onpointerleave: () => hover(null), onfocus: () => {
                    hover(node);
                    reach(node);
                },
                onblur: () => hover(null) },
            draw("rect", { width, height, rx: radius }), title, value, grad, marks);
            return [node, { box, value, grad, title, x, y, width }];
        }));
        art.replaceChildren(...lines.map(({ group }) => group),
            ...[...boxes.values()].map(({ box }) => box), ...lines.map(({ label }) => label));
    }

    // What follows from the state.

    function compute() {
        const { numbers, losses } = trained(graph, program, state.numbers, state.runs);
        const evaluated = evaluate(graph, program, numbers);
        now = { numbers, losses, values: evaluated.values, slopes: evaluated.slopes };
        now.gradients = gradients(graph, evaluated);
    }

    function follow() {
        const current = view();
        if (state.step !== null) state.step = Math.min(state.step, current.steps.length);
        now.partials = partials(graph, current, now);
        const step = state.step ?? current.steps.length;
        now.progress = replayed(current, now.partials, step, state.asked);
        if (state.step === null) now.progress.hand = null;
        now.step = step;
        now.passed = state.step === null ? [] : now.progress.passed;
        now.question = null;
        if (state.asked && now.progress.hand) {
            const arrows = current.into.get(now.progress.hand.node).filter((a) => a.passes);
            now.question = arrows[arrows.length - state.asked] || null;
            now.hiding = new Set(arrows.slice(arrows.length - state.asked).map((a) => a.number));
        } else {
            now.hiding = new Set();
        }
    }

    const isKnown = (node) => !now.progress.known || now.progress.known.has(node)
        || !boxes.has(node) || !nodes[node].parents;
    const isComplete = (node) => (boxes.has(node) ? now.progress.complete.has(node)
        : state.step === null || now.step === view().steps.length && !state.asked);

    // Sentences for those who cannot see the page.

    function sentence(node) {
        const told = [`${called(node)}, ${kindOf(node)}`];
        if (!isKnown(node)) return `${told[0]}: not computed yet`;
        const value = decimalText(now.values[node]);
        if (nodes[node].parents && nodes[node].formula !== null
            && nodes[node].formula !== undefined) {
            const formula = cell(nodes[node].formula);
            const inputs = valuesIn(formula);
            told.push(`${called(node)} ${sign(inputs)} ${numbered(formula)} `
                + `${sign([...inputs, now.values[node]])} ${value}`);
        } else {
            told.push(`${called(node)} ${sign([now.values[node]])} ${value}`);
        }
        if (nodes[node].constant) return told.join(". ");
        if (isComplete(node)) told.push(gradientSentence(node));
        else told.push("its gradient is not complete yet");
        return told.join(". ");
    }

    const sign = (numbers) => (numbers.some(isRounded) ? "≈" : "=");

    function gradientSentence(node) {
        const left = `d${called(root)}/d${called(node)}`;
        const gradient = now.progress.gradient.get(node) ?? now.gradients[node];
        const result = decimalText(gradient);
        const written = derivationOf(node);
        if (node !== root && written.filled && boxes.size <= MANY) {
            const parts = written.lines.slice(-written.filled).map(([sign, ...cells], place) =>
                (place ? ` ${sign === "-" ? "−" : "+"} ` : "")
                + cells.map((at, n) => numbered(cell(at), n > 0)).join(" · "));
            const inputs = written.lines.slice(-written.filled).flatMap(([, ...cells]) =>
                cells.flatMap((at) => valuesIn(cell(at))));
            return `${left} ${sign(inputs)} ${parts.join("")} ${sign([...inputs, gradient])} `
                + result;
        }
        const uses = view().from.get(node) || [];
        if (node === root || !uses.length || uses.length > 8) {
            return `${left} ${sign([gradient])} ${result}`;
        }
        const factor = (x) => (x < 0 ? `(${decimalText(x)})` : decimalText(x));
        const sum = uses.map((arrow) => `${factor(now.partials[arrow.number])} · `
            + factor(now.progress.gradient.get(arrow.end) ?? 0)).join(" + ");
        const factors = uses.flatMap((arrow) => [now.partials[arrow.number],
            now.progress.gradient.get(arrow.end) ?? 0]);
        return `${left} ${sign(factors)} ${sum} ${sign([...factors, gradient])} ${result}`;
    }

    function numbered(mathml, follows = false) {
        return spoken(filled(mathml, now.values, follows));
    }

    // Everything shown, from the state.

    function render(except = null) {
        const fresh = shown !== view();
        if (fresh) build();
        follow();
        const { known, gradient, complete, hand } = now.progress;
        const way = state.chosen === null ? null : pathsTo(shown, state.chosen);
        const passes = new Set(now.passed.map(({ arrow }) => arrow.number));
        page.toggleAttribute("data-dark", state.theme ? state.theme === "dark" : night.matches);
        lamp.textContent = page.hasAttribute("data-dark") ? "Light" : "Dark";
        page.dataset.phase = hand ? hand.phase : "all";
        canvas.classList.toggle("chosen", boxes.has(state.chosen) && state.chosen !== root);
        for (const [node, { box, value, grad }] of boxes) {
            write(value, known.has(node) ? format(now.values[node]) : "");
            const has = gradient.has(node) || (complete.has(node) && !nodes[node].constant);
            write(grad, has ? format(gradient.get(node) ?? 0) : "");
            box.classList.toggle("growing", has && !complete.has(node));
            box.classList.toggle("hand", Boolean(hand) && hand.node === node);
            box.classList.toggle("way", Boolean(way) && way.nodes.has(node));
            box.classList.toggle("target", now.passed.some(({ arrow }) => arrow.start === node));
            box.setAttribute("aria-pressed", String(node === state.chosen));
            box.setAttribute("aria-label", sentence(node));
        }
        shown.arrows.forEach((arrow, place) => {
            const { group, label } = lines[place];
            const slopeKnown = arrow.passes && known.has(arrow.end);
            const hidden = now.hiding.has(arrow.number);
            label.textContent = hidden ? "?" : slopeKnown ? format(now.partials[place]) : "";
            group.classList.toggle("flow", passes.has(arrow.number));
            group.classList.toggle("into", Boolean(hand) && hand.phase === "forward"
                && hand.node === arrow.end);
            group.classList.toggle("way", Boolean(way) && way.arrows.has(arrow.number));
            group.classList.toggle("asked", now.question === arrow);
            for (const state of ["flow", "way"]) {
                label.classList.toggle(state, group.classList.contains(state));
            }
            group.classList.toggle("zero", slopeKnown && now.partials[place] === 0);
        });
        slider.max = shown.steps.length;
        slider.value = now.step;
        const place = position();
        slider.setAttribute("aria-valuetext", place);
        counter.textContent = place;
        asking.setAttribute("aria-pressed", String(state.predict));
        [...seeing.children].forEach((each, number) =>
            each.setAttribute("aria-pressed", String(number === state.view)));
        player.replaceChildren(icon(dialogs.playing ? "pause" : "play"));
        player.setAttribute("aria-label", dialogs.playing ? "Pause" : "Play");
        player.title = dialogs.playing ? "Pause" : "Play";
        renderTrouble();
        renderTelling();
        renderChosen(except);
        renderNumbers(except);
        renderTraining(except);
        renderTip();
        stand(fresh);
        if (options.page) remember();
    }

    // Browsers refuse an address that changes too often.
    function remember() {
        clearTimeout(dialogs.remembering);
        const wait = dialogs.remembered + 400 - Date.now();
        if (location.hash !== dialogs.address) return; // the reader has just followed a link
        if (wait > 0) {
            dialogs.remembering = setTimeout(remember, wait);
        } else {
            dialogs.remembered = Date.now();
            history.replaceState(null, "", location.pathname + location.search
                + toAddress(graph, state));
            dialogs.address = location.hash;
        }
    }

    // Text of a box; what is too long for its place is drawn narrower.
    function write(place, text) {
        if (place.textContent === text) return;
        place.textContent = text;
        if (text.length > 10) {
            place.setAttribute("textLength", "68");
            place.setAttribute("lengthAdjust", "spacingAndGlyphs");
        } else {
            place.removeAttribute("textLength");
        }
    }

    function position() {
        const { steps, forward } = view();
        if (state.step === null) return "all computed";
        if (now.step === 0) return "nothing computed yet";
        if (now.step <= forward) return `forward ${now.step} of ${forward}`;
        return `backward ${now.step - forward} of ${steps.length - forward}`;
    }

    function renderTrouble() {
        const bad = nodes.findIndex((node, place) =>
            node.parents && !Number.isFinite(now.values[place]));
        trouble.hidden = bad < 0;
        if (bad >= 0) {
            const inputs = nodes[bad].parents.map((parent) => format(now.values[parent])).join(", ");
            trouble.textContent = `${called(bad)} is ${format(now.values[bad])} at these numbers: `
                + `${nodes[bad].op} of ${inputs}. Change a number, or press R.`;
        }
    }

    // The step in hand, in words and formulas.

    function renderTelling() {
        const { hand } = now.progress;
        if (!hand) {
            telling.replaceChildren(...(state.step === null ? overview() : [
                make("h2", {}, "Before the forward pass"),
                make("p", {}, "Only inputs and parameters have a number. Step on: each box is "
                    + "computed from those that lead to it.")]));
        } else if (hand.phase === "forward") {
            telling.replaceChildren(...forwardWords(hand.node));
        } else if (hand.phase === "seed") {
            telling.replaceChildren(make("h2", {}, "Backward begins"),
                make("p", {}, math(`${quotient(name(root), name(root))}<mo>=</mo><mn>1</mn>`),
                    " A result changes as fast as itself. From here each box hands its gradient "
                    + "back along its arrows, times the number on the arrow."));
        } else {
            const question = now.question ? questionPart(hand.node) : "";
            if (!question || !telling.contains(document.activeElement)
                || telling.dataset.question !== `${now.step}/${state.asked}`) {
                telling.replaceChildren(...backwardWords(hand.node), question);
                telling.dataset.question = question ? `${now.step}/${state.asked}` : "";
                if (question && dialogs.asking) telling.querySelector("input").focus();
            }
        }
    }

    function overview() {
        const forwardWord = make("b", { class: "chalk-fore" }, "number");
        const backWord = make("b", { class: "chalk-back" }, "gradient");
        return [make("h2", {}, math(name(root) + worth(now.values[root])),
            " and where it comes from"),
        make("p", {}, "In each box its ", forwardWord, " and below it its ", backWord, ", ",
            math(quotient(name(root), "<mi>□</mi>")), ": how much the result changes when the box "
            + "does. On each arrow the local derivative. ",
            make("b", {}, "The gradient of a box is the number on its arrow times the gradient of "
                + "the box it leads to, added up over its arrows."),
            " Press ▶ to see it happen, or choose a box.")];
    }

    // z = w x + b = 0.4 · 1.5 + 1 = 1.6, in pieces between which a line can be broken.
    function valueOf(node) {
        const formula = cell(nodes[node].formula);
        const left = isLabelled(node) ? name(node) : "";
        if (!formula) return [(left || name(node)) + worth(now.values[node])];
        const inputs = valuesIn(formula);
        return [`${left}${left && "<mo>=</mo>"}${formula}`,
            `<mo form="infix">${sign(inputs)}</mo>${filled(formula, now.values)}`,
            worth(now.values[node], ...inputs)];
    }

    function pieces(formulas) {
        return formulas.flatMap((each, at) => [at ? " " : "", math(each)]);
    }

    // The values of the symbols in a formula.
    function valuesIn(mathml) {
        return [...mathml.matchAll(/data-node="(\d+)"/g)].map(([, at]) => now.values[Number(at)]);
    }

    function forwardWords(node) {
        const formula = cell(nodes[node].formula);
        const head = make("h2", {}, "Forward: ", isLabelled(node) ? math(name(node))
            : `${called(node)}`, " is computed");
        if (formula) {
            return [head, make("p", { class: "chalk-formula" }, ...pieces(valueOf(node)))];
        }
        const inputs = view().into.get(node).map((arrow) => format(now.values[arrow.start]));
        return [head, make("p", {}, `It receives ${inputs.join(", ")} and makes `,
            math(decimal(now.values[node])), ` of ${inputs.length > 1 ? "them" : "it"}.`)];
    }

    function backwardWords(node) {
        const gradient = now.progress.gradient.get(node) ?? 0;
        const head = make("h2", {}, "Backward: ", isLabelled(node) ? math(name(node)) : called(node),
            " hands on ", math(slope(node) + worth(gradient)));
        const rows = now.passed.map(({ arrow, before, share, after }) => {
            const local = now.partials[arrow.number];
            const symbolic = rule(arrow);
            const form = symbolic && /data-node/.test(symbolic) ? `<mo>=</mo>${symbolic}` : "";
            const localNumber = local < 0 ? `<mrow><mo>(</mo>${decimal(local)}<mo>)</mo></mrow>`
                : decimal(local);
            const now_ = before ? ["added to ", math(decimal(before)), ": ", math(decimal(after))]
                : [];
            return make("tr", {},
                make("td", {}, math(name(arrow.start))),
                make("td", {}, math(quotient(name(arrow.end), name(arrow.start))
                    + form + worth(local))),
                make("td", {}, math(`${decimal(gradient)}<mo>·</mo>${localNumber}`
                    + worth(share, gradient, local))),
                make("td", { class: "chalk-back" }, ...now_.length ? now_ : [math(decimal(after))]));
        });
        if (!rows.length) return [head];
        return [head, make("div", { class: "chalk-scroll", tabindex: "0", role: "group",
            "aria-label": "What it hands on" }, make("table", { class: "chalk-shares" },
            make("thead", {}, make("tr", {}, ...["to", "times the local derivative",
                "hands on", "its gradient is now"].map((text) =>
                make("th", { scope: "col" }, text)))),
            make("tbody", {}, ...rows)))];
    }

    // Predict, then reveal.

    function contextOf(arrow) {
        const others = nodes[arrow.end].parents
            .filter((parent) => parent !== arrow.start).map((parent) => now.values[parent]);
        return { before: now.progress.gradient.get(arrow.start) || 0,
            slope: now.partials[arrow.number], arriving: now.progress.gradient.get(arrow.end) || 0,
            start: now.values[arrow.start], end: now.values[arrow.end], others };
    }

    function questionPart(node) {
        const arrow = now.question;
        const context = contextOf(arrow);
        const guess = make("input", { type: "text", inputmode: "text", autocomplete: "off",
            "aria-label": "your guess", size: "14" });
        const verdict = make("p", { class: "chalk-verdict", role: "status" },
            dialogs.verdict ? dialogs.verdict.text : "");
        if (dialogs.verdict) verdict.classList.add(dialogs.verdict.kind);
        const formula = cell(nodes[node].formula);
        return make("form", { class: "chalk-question", onsubmit: (event) => {
            event.preventDefault();
            judge(guess, verdict, arrow, context);
        } },
        make("label", {}, math(slope(arrow.start)), context.before
            ? make("span", {}, " was ", math(decimal(context.before)), " and is now ") : " = ",
        guess),
        make("button", { class: "chalk-word" }, "Check"),
        make("button", { type: "button", class: "chalk-word", onclick: () => reveal(arrow, context) },
            "Reveal"),
        make("span", { class: "chalk-given" }, "given ", math(slope(node) + worth(context.arriving)), ...(formula && isLabelled(node)
            ? [" and ", math(`${name(node)}<mo>=</mo>${formula}`)]
            : [` and ${called(node)}`]), make("span", { class: "chalk-score" },
            dialogs.questions ? `; so far ${dialogs.right} of ${dialogs.questions} right` : "")),
        verdict);
    }

    function judge(field, verdict, arrow, context) {
        const guess = readGuess(field.value);
        const truth = context.before + product(context.slope, context.arriving);
        if (guess === null) {
            verdict.className = "chalk-verdict";
            verdict.textContent = "Type a number, or arithmetic such as -2*(8-176)*80.";
            return;
        }
        const first = !dialogs.tried;
        dialogs.tried = true;
        if (agrees(guess, truth)) {
            if (first) dialogs.right += 1;
            dialogs.questions += 1;
            settle("right", `Right: ${lineOf(arrow, context)}`);
            return;
        }
        const slip = slipOf(guess, context);
        verdict.className = "chalk-verdict wrong";
        verdict.textContent = `Not ${field.value.trim()}${slip ? `: ${slip}.` : "."} Try again.`;
        field.select();
    }

    function reveal(arrow, context) {
        dialogs.questions += 1;
        settle("told", `It is ${lineOf(arrow, context)}`);
    }

    function lineOf(arrow, { before, slope: local, arriving }) {
        const sum = before + product(local, arriving);
        const factor = (x) => (x < 0 ? `(${decimalText(x)})` : decimalText(x));
        return `d${called(root)}/d${called(arrow.start)} = `
            + `${before ? `${decimalText(before)} + ` : ""}${before ? factor(arriving)
                : decimalText(arriving)} · ${factor(local)} `
            + `${sign([before, arriving, local, sum])} ${decimalText(sum)}.`;
    }

    function settle(kind, text) {
        dialogs.verdict = { kind, text };
        dialogs.tried = false;
        dialogs.asking = true;
        if (state.asked > 1) change({ asked: state.asked - 1 });
        else if (now.step < view().steps.length) to(now.step + 1);
        else change({ asked: 0, step: view().steps.length });
        if (!now.question) {
            telling.append(make("p", { class: `chalk-verdict ${kind}`, role: "status" }, text));
        }
        dialogs.asking = false;
    }

    function predict() {
        const { forward } = view();
        if (state.predict) change({ predict: false, asked: 0 });
        else {
            Object.assign(dialogs, { right: 0, questions: 0, verdict: null });
            state.predict = true;
            dialogs.asking = true;
            to(forward + 2);
            dialogs.asking = false;
        }
    }

    // What is chosen: its formula, its derivation, its number.

    function renderChosen(except) {
        const node = state.chosen;
        if (except && chosenPart.contains(except)) return;
        if (node === null) {
            chosenPart.replaceChildren(make("h2", {}, "Choose a box"),
                make("p", {}, "Its paths to ", math(name(root)), " light up, and its derivative "
                    + "stands here, in symbols and in numbers."));
            return;
        }
        const title = make("h2", { class: kindOf(node) }, math(nodes[node].name
            || `<mtext>${called(node)}</mtext>`), ` ${kindOf(node)}`);
        const parts = [title];
        const formula = cell(nodes[node].formula);
        if (isKnown(node)) {
            parts.push(make("p", { class: "chalk-formula chalk-fore" }, ...pieces(valueOf(node))));
        }
        const place = graph.leaves.indexOf(node);
        if (place >= 0) parts.push(slideFor(node, place));
        if (node === root) parts.push(make("p", {}, "Everything is differentiated by its boxes: "
            + "choose another one."));
        else if (nodes[node].constant) {
            parts.push(make("p", {}, "A given number: nothing is differentiated by it."));
        } else parts.push(derivationPart(node));
        if (kindOf(node) === "parameter" && isComplete(node)) parts.push(updatePart(node, place));
        chosenPart.replaceChildren(...parts);
    }

    function slideFor(node, place) {
        const x = now.numbers[place];
        const size = Math.max(1, Math.abs(nodes[node].data), Math.abs(x) / 2);
        const slide = make("input", { type: "range", min: -2 * size, max: 2 * size,
            step: size / 100, "aria-label": `${called(node)}, from ${format(-2 * size)} to `
            + format(2 * size), oninput: () => setNumber(place, Number(slide.value), true) });
        slide.value = x;
        return make("p", { class: "chalk-slide" }, slide);
    }

    // The lines of a derivation; without the short form at their end where that does not hold, as
    // softmax's \hat{y} - y for targets whose sum is no longer 1.
    function derivationOf(node) {
        const written = graph.derivations[node];
        if (!written) return { left: slope(node), lines: [], filled: 0, remarks: [], paths: 0 };
        const sum = written.sum.reduce((all, at) => all + now.values[at], 0);
        if (!written.sum.length || Math.abs(sum - 1) < 1e-9) return written;
        const lines = written.lines.slice(0, written.lines.length - written.last);
        return { ...written, lines, filled: 0, remarks: [] };
    }

    function derivationPart(node) {
        const rows = [];
        const { left, lines, filled: count, remarks, notes = [], paths } = derivationOf(node);
        // Each factor is a formula of its own, so that long lines can be broken between them.
        const add = (sign, factors) => rows.push(make("tr", {},
            make("td", {}, rows.length ? "" : math(left, true)),
            make("td", {}, math(`<mo>${sign}</mo>`)),
            make("td", {}, ...factors.flatMap((each, at) => [at ? " " : "",
                math((at ? '<mo lspace="0" rspace="0.25em">·</mo>' : "") + each, true)]))));
        const signs = { "=": "=", "\\approx": "≈", "+": "+", "-": "−" };
        let precise = true;
        for (const [sign, ...cells] of lines) add(signs[sign], cells.map(cell));
        if (isComplete(node)) {
            const last = count ? lines.slice(-count) : [];
            precise = !last.some(([, ...cells]) =>
                cells.some((at) => valuesIn(cell(at)).some(isRounded)));
            last.forEach(([sign, ...cells], at) => add(at ? signs[sign] : precise ? "=" : "≈",
                cells.map((each, n) => filled(cell(each), now.values, n > 0 || at > 0))));
            const uses = (view().from.get(node) || []).filter((arrow) => arrow.passes);
            const result = now.progress.gradient.get(node) ?? now.gradients[node];
            if (!lines.length && uses.length && uses.length <= 8) {
                const bracketed = (x) => (x < 0 ? `<mrow><mo>(</mo>${decimal(x)}<mo>)</mo></mrow>`
                    : decimal(x));
                uses.forEach((arrow, at) => {
                    const factors = [now.partials[arrow.number],
                        now.progress.gradient.get(arrow.end) ?? 0];
                    precise &&= !factors.some(isRounded);
                    add(at ? "+" : precise ? "=" : "≈", factors.map(bracketed));
                });
            }
            add(result === 0 || (precise && !isRounded(result)) ? "=" : "≈", [decimal(result)]);
        }
        const ways = paths > 1 ? [make("p", { class: "chalk-given" },
            `${paths} paths lead to the result: their products are added.`)] : [];
        return make("div", { class: "chalk-derivation", role: "group", tabindex: "0",
            "aria-label": isComplete(node) ? gradientSentence(node) : "its derivation" },
        make("table", { role: "presentation" }, make("tbody", {}, ...rows)), ...ways,
        ...remarks.map((each) => make("p", {}, math(each))),
        ...notes.map((each) => make("p", {}, each)));
    }

    function updatePart(node, place) {
        const gradient = now.progress.gradient.get(node) ?? now.gradients[node];
        const x = now.numbers[place];
        const after = x - state.rate * gradient;
        const factor = gradient < 0 ? `<mrow><mo>(</mo>${decimal(gradient)}<mo>)</mo></mrow>`
            : decimal(gradient);
        return make("p", { class: "chalk-formula" }, ...pieces([
            `<msub>${name(node)}<mtext>new</mtext></msub>`,
            `<mo form="infix">${sign([x, gradient])}</mo>${decimal(x)}<mo>−</mo>`
                + `${decimal(state.rate)}<mo>·</mo>${factor}`,
            worth(after, gradient, x)]));
    }

    // The table of numbers, and the training.

    function renderNumbers(except) {
        for (const { leaf, place, field, grad, row } of numbersPart.rows) {
            if (field !== except && document.activeElement !== field
                || field.valueAsNumber !== now.numbers[place]) {
                if (field !== except) field.value = now.numbers[place];
            }
            const given = nodes[leaf].constant;
            grad.textContent = given ? "given" : isComplete(leaf)
                ? format(now.progress.gradient.get(leaf) ?? now.gradients[leaf]) : "";
            grad.classList.toggle("given", Boolean(given));
            row.classList.toggle("chosen", leaf === state.chosen);
        }
    }

    function renderTraining(except) {
        if (!trainingPart.parts) return;
        const { rate, curve } = trainingPart.parts;
        if (rate !== except) rate.value = state.rate;
        const losses = now.losses;
        if (losses.length < 2) {
            curve.replaceChildren(make("p", { class: "chalk-given" },
                `${called(root)} = ${format(losses[0])}. Press G and watch it fall.`));
            return;
        }
        curve.replaceChildren(curveOf(losses));
    }

    function curveOf(losses) {
        const [width, height, left, top, bottom] = [330, 130, 58, 12, 22];
        const finite = losses.filter(Number.isFinite);
        const least = Math.min(...finite);
        const most = Math.max(...finite);
        const logarithmic = least > 0 && most / least > 50;
        const scale = logarithmic ? Math.log10 : (x) => x;
        const low = logarithmic ? scale(least) : Math.min(0, least);
        const high = scale(most) > low ? scale(most) : low + 1;
        const x = (step) => left + (width - left - 12) * step / (losses.length - 1);
        const y = (loss) => top + (height - top - bottom) * (1 - (scale(loss) - low) / (high - low));
        const points = losses.map((loss, step) => [step, loss])
            .filter(([, loss]) => Number.isFinite(loss))
            .map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`);
        const last = losses[losses.length - 1];
        const text = (at, up, words, side = "end") => draw("text", { x: at, y: up,
            "text-anchor": side }, words);
        const lowest = logarithmic ? least : low;
        return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label":
            `${called(root)} over ${losses.length - 1} steps: from ${format(losses[0])} to `
            + format(last) },
        draw("path", { class: "axis", d: `M${left} ${top}V${height - bottom}H${width - 8}` }),
        text(left - 5, top + 4, format(most, 3)), text(left - 5, height - bottom, format(lowest, 3)),
        text(left, height - 6, "0", "middle"),
        text(width - 12, height - 6, `${losses.length - 1} steps`),
        ...(logarithmic ? [text(left + 6, top + 4, "powers of ten", "start")] : []),
        draw("polyline", { points: points.join(" ") }),
        ...(points.length ? [draw("circle", { cx: points.at(-1).split(",")[0],
            cy: points.at(-1).split(",")[1], r: 3.5 })] : []),
        ...(Number.isFinite(last) ? [text(width - 12, Math.max(top + 10, y(last) - 8), format(last))]
            : [text(width - 12, top + 10, `now ${format(last)}`)]));
    }

    // A card beside the box under the pointer.

    function renderTip() {
        const node = dialogs.hovered;
        tip.hidden = node === null || node === state.chosen || !boxes.has(node);
        if (tip.hidden) return;
        const formula = cell(nodes[node].formula);
        const told = [];
        const fact = (mathml) => told.push(make("p", {}, math(mathml)));
        if (!isKnown(node)) {
            if (formula) fact(`${isLabelled(node) ? `${name(node)}<mo>=</mo>` : ""}${formula}`);
        } else {
            told.push(make("p", {}, ...pieces(valueOf(node))));
            for (const arrow of view().into.get(node).filter((a) => a.passes).slice(0, 8)) {
                if (now.hiding.has(arrow.number)) continue;
                const form = rule(arrow);
                fact(quotient(name(node), name(arrow.start))
                    + (form && form.includes("data-node") ? `<mo>=</mo>${form}` : "")
                    + worth(now.partials[arrow.number]));
            }
        }
        if (!nodes[node].constant && isComplete(node)) {
            told.push(make("p", { class: "chalk-back" }, math(slope(node)
                + worth(now.progress.gradient.get(node) ?? now.gradients[node]))));
        }
        tip.replaceChildren(...told);
        const frame = canvas.getBoundingClientRect();
        const box = boxes.get(node).box.getBoundingClientRect();
        const size = tip.getBoundingClientRect();
        const right = box.right - frame.left + 10;
        const fits = right + size.width < frame.width;
        const x = fits ? right : Math.max(4, box.left - frame.left - size.width - 10);
        const y = Math.min(Math.max(4, box.top - frame.top), frame.height - size.height - 4);
        tip.style.left = `${x}px`;
        tip.style.top = `${Math.max(4, y)}px`;
    }

    function hover(node) {
        dialogs.hovered = node;
        renderTip();
    }

    // Where the graph stands: the middle of what is seen, and the scale.

    function fitting(least) {
        const { clientWidth: width, clientHeight: height } = canvas;
        const all = Math.min((width - 24) / shown.width, (height - 24) / shown.height, 1.4);
        const scale = Math.max(all, least);
        const { x, y } = boxes.get(root); // what does not fit is left off at the far end
        const middle = (extent, room, at) => {
            const half = room / scale / 2 - 12;
            return extent <= 2 * half ? extent / 2
                : Math.min(Math.max(at, half), extent - half);
        };
        return [middle(shown.width, width, x), middle(shown.height, height, y), scale];
    }

    function stand(fresh) {
        const hand = now.progress.hand && boxes.get(now.progress.hand.node);
        const size = parseFloat(getComputedStyle(page).fontSize) / 15;
        let place = state.place || fitting(READABLE * size);
        const asked = now.question && boxes.get(now.question.start);
        for (const box of fresh ? [] : [hand, asked]) if (box) place = reaching(place, box);
        const [x, y, scale] = place;
        now.place = place;
        const { clientWidth: width, clientHeight: height } = canvas;
        art.setAttribute("transform", `translate(${width / 2 - x * scale} `
            + `${height / 2 - y * scale}) scale(${scale})`);
        canvas.classList.toggle("far", scale < 0.3);
        if (scale >= 0.3) nameBoxes(place, width, height);
    }

    // Gives their names to the boxes that are seen and have none yet: to set mathematics takes time.
    function nameBoxes([x, y, scale], width, height) {
        const [across, up] = [width / 2 / scale, height / 2 / scale];
        for (const [node, box] of boxes) {
            const seen = Math.abs(box.x - x) < across + box.width
                && Math.abs(box.y - y) < up + graph.height;
            if (box.title && (seen || boxes.size <= MANY)) {
                box.title.append(make("div", { class: "chalk-name" }, isLabelled(node)
                    ? math(nodes[node].name) : make("span", {}, called(node))));
                box.title = null;
            }
        }
    }

    // The place moved so far that the box in hand is seen.
    function reaching([x, y, scale], box) {
        const half = [canvas.clientWidth / 2 / scale, canvas.clientHeight / 2 / scale];
        const towards = (middle, room, at, size) => {
            const slack = Math.max(0, room - size / 2 - 8);
            return Math.min(Math.max(middle, at - slack), at + slack);
        };
        return [towards(x, half[0], box.x, box.width), towards(y, half[1], box.y, graph.height),
            scale];
    }

    // Brings a box into sight, as when the keyboard leads to it.
    function reach(node) {
        const place = reaching(now.place, boxes.get(node));
        if (place.some((x, at) => x !== now.place[at])) change({ place });
    }

    function zoom(factor, at = null) {
        const [x, y, scale] = now.place;
        const after = Math.min(8, Math.max(0.02, scale * factor));
        const { clientWidth: width, clientHeight: height } = canvas;
        const [dx, dy] = at ? [at[0] - width / 2, at[1] - height / 2] : [0, 0];
        const back = 1 / scale - 1 / after;
        change({ place: [x + dx * back, y + dy * back, after] });
    }

    const fingers = new Map();
    listen(canvas, "wheel", (event) => {
        if (!options.page && !event.ctrlKey) return;
        event.preventDefault();
        zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)),
            [event.offsetX, event.offsetY]);
    }, { passive: false });
    listen(canvas, "pointerdown", (event) => {
        fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    listen(window, "pointermove", (event) => {
        const finger = fingers.get(event.pointerId);
        if (!finger) return;
        const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
        if (!finger.moving && Math.hypot(dx, dy) < 5) return;
        const others = [...fingers.values()].filter((each) => each !== finger);
        const [x, y, scale] = now.place;
        if (others.length) {
            const [{ x: ax, y: ay }] = others;
            const before = Math.hypot(finger.x - ax, finger.y - ay);
            const after = Math.hypot(event.clientX - ax, event.clientY - ay);
            if (before > 0 && after > 0) zoom(after / before);
        } else {
            change({ place: [x - dx / scale, y - dy / scale, scale] });
        }
        Object.assign(finger, { x: event.clientX, y: event.clientY, moving: true });
    });
    for (const name_ of ["pointerup", "pointercancel"]) {
        listen(window, name_, (event) => {
            const finger = fingers.get(event.pointerId);
            fingers.delete(event.pointerId);
            dialogs.dragged = Boolean(finger && finger.moving);
        });
    }

    // What a reader does.

    function change(some, except = null) {
        Object.assign(state, some);
        render(except);
    }

    function setNumber(place, x, typed = false) {
        const numbers = [...now.numbers];
        numbers[place] = x;
        Object.assign(state, { numbers, runs: [] });
        recomputed(typed ? document.activeElement : null);
    }

    function recomputed(except = null) {
        compute();
        render(except);
        if (options.changed) {
            options.changed(Object.fromEntries(graph.leaves.map((leaf, place) =>
                [called(leaf), now.numbers[place]])));
        }
    }

    function descend(count) {
        const last = state.runs.at(-1);
        if (last && last[0] === state.rate) last[1] += count;
        else state.runs.push([state.rate, count]);
        Object.assign(state, { step: null, asked: 0 });
        play(false);
        recomputed();
    }

    function reset() {
        Object.assign(state, { numbers: graph.leaves.map((leaf) => nodes[leaf].data), runs: [],
            rate: graph.lr });
        recomputed();
    }

    function choose(node) {
        if (dialogs.dragged) {
            dialogs.dragged = false;
            return;
        }
        change({ chosen: node === state.chosen ? null : node });
    }

    // Goes to a step; where gradients are to be predicted, with its questions still open.
    function to(step) {
        const { steps, forward, into } = view();
        const place = Math.min(Math.max(step, 0), steps.length);
        const at = steps[place - 1];
        const asks = state.predict && place > forward && at.phase === "backward";
        const asked = asks ? into.get(at.node).filter((arrow) => arrow.passes).length : 0;
        change({ step: place, asked });
    }

    function go(step) {
        dialogs.verdict = null;
        change({ step, asked: 0 });
    }

    function advance(way) {
        dialogs.verdict = null;
        if (way > 0 && state.asked) {
            const field = telling.querySelector("input");
            if (field) field.focus();
            return;
        }
        to((state.step ?? (way > 0 ? -1 : view().steps.length)) + way);
    }

    function play(on) {
        clearInterval(dialogs.playing);
        dialogs.playing = 0;
        if (on) {
            if (state.step === null || state.step >= view().steps.length) to(0);
            dialogs.playing = setInterval(() => {
                if (now.step >= view().steps.length || state.asked) play(false);
                else advance(1);
            }, 1400);
        }
        render();
    }

    function relight() {
        change({ theme: page.hasAttribute("data-dark") ? "light" : "dark" });
    }

    const ACTIONS = {
        ArrowRight: () => advance(1), ArrowLeft: () => advance(-1), Home: () => go(0),
        End: () => go(view().steps.length), " ": () => play(!dialogs.playing), p: predict,
        g: () => descend(1), r: reset, t: relight, 0: () => change({ place: fitting(0) }),
        v: () => change({ view: (state.view + 1) % views.length, step: null, asked: 0,
            place: null }),
        "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8),
        Escape: () => {
            dialogs.hovered = null;
            change({ chosen: null });
        },
    };
    listen(options.page ? document : page, "keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const { target } = event;
        const typing = target.matches("input:not([type=range])");
        const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
        if (!Object.hasOwn(ACTIONS, key) || (typing && key !== "Escape")) return;
        if (target.matches("input[type=range]") && /Arrow|Home|End/.test(key)) return;
        if (key === " " && target.matches("button, summary")) return;
        if (key === "g" && !trainingPart.parts) return;
        event.preventDefault();
        event.stopPropagation();
        if (typing) target.blur();
        ACTIONS[key]();
    });
    listen(night, "change", () => render());
    if (options.page) {
        listen(window, "hashchange", () => {
            dialogs.address = location.hash;
            Object.assign(state, fromAddress(graph, location.hash));
            recomputed();
        });
    }
    const watcher = new ResizeObserver(() => stand(true));
    watcher.observe(canvas);
    endings.push(() => watcher.disconnect());

    function listen(target, kind, action, how) {
        target.addEventListener(kind, action, how);
        endings.push(() => target.removeEventListener(kind, action, how));
    }

    compute();
    render();
    return {
        // Numbers that are set elsewhere, by their symbols.
        take(numbers) {
            const taken = graph.leaves.map((leaf, place) =>
                numbers[called(leaf)] ?? now.numbers[place]);
            if (taken.every((x, place) => x === now.numbers[place])) return;
            Object.assign(state, { numbers: taken, runs: [] });
            compute();
            render();
        },
        close() {
            clearInterval(dialogs.playing);
            clearTimeout(dialogs.remembering);
            endings.forEach((end) => end());
            page.remove();
        },
    };
}
