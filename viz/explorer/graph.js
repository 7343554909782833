// The graph of a page, without the page: what it computes, what is known at each step, what slip
// explains a wrong guess, how numbers are written. Nothing here touches the document.

// Numbers as text: to so many significant digits, whole ones whole, none shown as 0 but 0.
export function format(x, digits = 4) {
    if (Number.isNaN(x)) return "undefined";
    const sign = x < 0 ? "−" : "";
    const size = Math.abs(x);
    if (size === Infinity) return sign + "∞";
    if (size < 1e6 && Number.isInteger(size)) return sign + size;
    const [mantissa, exponent] = rounded(size, digits).split("e");
    const power = Number(exponent);
    const plain = power >= -3 && power < 6;
    let text = plain ? fixed(size, Math.max(1, digits - 1 - power)) : mantissa;
    const shown = plain ? Number(text) : Number(mantissa + "e" + exponent);
    if (text.includes(".") && Math.abs(shown - size) <= 1e-12 * size) {
        text = text.replace(/\.?0+$/, "");
    }
    return sign + text + (plain ? "" : "·10" + raised(power));
}

// 1.234e-5, of two equally near the even one, as Python rounds.
function rounded(size, digits) {
    return even(size.toExponential(digits - 1), size.toExponential(Math.min(100, digits + 40)));
}

function fixed(size, places) {
    return even(size.toFixed(places), size.toFixed(Math.min(100, places + 40)));
}

function even(short, long) {
    const [text, power = ""] = short.split("e");
    const [exact, at = ""] = long.split("e");
    const below = exact.slice(0, text.length).replace(/\.$/, "");
    const rest = exact.slice(text.length).replace(".", "");
    const tie = at === power && /^50*$/.test(rest) && /[02468]$/.test(below);
    return (tie ? below : text) + (power && "e" + power);
}

function raised(power) {
    return String(power).replace(/[-0-9]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
}

// A number as MathML, as derivations write it: six significant digits, whole ones in full.
export function decimal(x) {
    const [text, power] = decimalParts(x);
    const minus = x < 0 ? '<mo form="prefix">−</mo>' : "";
    if (power === null) return `${minus}<mn>${text}</mn>`;
    const sign = power < 0 ? '<mo form="prefix">−</mo>' : "";
    const ten = `<msup><mn>10</mn><mrow>${sign}<mn>${Math.abs(power)}</mn></mrow></msup>`;
    return minus + (text === "1" ? ten : `<mn>${text}</mn><mo>·</mo>${ten}`);
}

export function decimalText(x) {
    const [text, power] = decimalParts(x);
    const ten = power === null ? "" : "10" + raised(power);
    return (x < 0 ? "−" : "") + (text === "1" && ten ? ten : text + (ten && "·" + ten));
}

function decimalParts(x) {
    const size = Math.abs(x);
    if (Number.isNaN(x)) return ["undefined", null];
    if (size === Infinity) return ["∞", null];
    if (size < 1e15 && Number.isInteger(size)) return [String(size), null];
    const [mantissa, exponent] = rounded(size, 6).split("e");
    const power = Number(exponent);
    if (power >= -4 && power < 6) {
        const text = fixed(size, 5 - power);
        return [text.includes(".") ? text.replace(/\.?0+$/, "") : text, null];
    }
    return [mantissa.replace(/\.?0+$/, ""), power];
}

export function isRounded(x) {
    if (!Number.isFinite(x)) return false;
    const [text, power] = decimalParts(x);
    const shown = Number(power === null ? text : text + "e" + power);
    return Math.abs(shown - Math.abs(x)) > 1e-14 * Math.abs(x);
}

// Every node's value, and for each result d(it)/d(its inputs); null where an input is a constant.
export function evaluate(graph, program, numbers) {
    const outputs = program(numbers, []).outputs;
    const values = graph.nodes.map((node) => (node.parents ? outputs[node.at] : node.data));
    graph.leaves.forEach((leaf, place) => { values[leaf] = numbers[place]; });
    const slopes = graph.nodes.map((node) =>
        (node.slopes || []).map((at) => (at < 0 ? null : outputs[at])));
    return { values, slopes };
}

// d(root)/d(each node), by one sweep from the root; what is 0 passes nothing on, be it 0 · ∞.
export function gradients(graph, { slopes }) {
    const found = new Array(graph.nodes.length).fill(0);
    found[graph.nodes.length - 1] = 1;
    for (let end = graph.nodes.length - 1; end >= 0; end--) {
        slopes[end].forEach((slope, which) => {
            if (slope && found[end]) found[graph.nodes[end].parents[which]] += slope * found[end];
        });
    }
    return found;
}

// A way to look at the graph, with the arrows into and out of each box.
export function prepared(graph, view) {
    const shown = new Set(view.nodes);
    const into = new Map(view.nodes.map((node) => [node, []]));
    const from = new Map(view.nodes.map((node) => [node, []]));
    const arrows = view.arrows.map(([start, end, which, path, head, x, y], number) => {
        const arrow = { number, start, end, which, path, head, x, y };
        arrow.passes = !graph.nodes[start].constant;
        into.get(end).push(arrow);
        from.get(start).push(arrow);
        return arrow;
    });
    const results = view.nodes.filter((node) => graph.nodes[node].parents);
    const hidden = new Map(); // what lies between a box and those before it, the last first
    for (const end of results) {
        const found = new Set();
        const waiting = [end];
        while (waiting.length) {
            for (const parent of graph.nodes[waiting.pop()].parents || []) {
                if (!shown.has(parent) && !found.has(parent)) {
                    found.add(parent);
                    waiting.push(parent);
                }
            }
        }
        hidden.set(end, [...found].sort((a, b) => b - a));
    }
    const passing = results.filter((node) => into.get(node).some((arrow) => arrow.passes));
    const root = graph.nodes.length - 1;
    const steps = [
        ...results.map((node) => ({ phase: "forward", node })),
        { phase: "seed", node: root },
        ...passing.reverse().map((node) => ({ phase: "backward", node })),
    ];
    const forward = results.length; // how many steps these are
    return { ...view, arrows, into, from, results, hidden, steps, forward, root };
}

// d(end)/d(start) for each arrow: over all ways through what is not shown.
export function partials(graph, view, { slopes }) {
    const found = new Array(view.arrows.length).fill(null);
    for (const end of view.results) {
        const arrows = view.into.get(end);
        if (arrows.every((arrow) => arrow.which >= 0)) {
            for (const arrow of arrows) found[arrow.number] = slopes[end][arrow.which];
            continue;
        }
        const sums = new Map([[end, 1]]);
        for (const node of [end, ...view.hidden.get(end)]) {
            const sum = sums.get(node);
            if (!sum) continue;
            (graph.nodes[node].parents || []).forEach((parent, which) => {
                const slope = slopes[node][which];
                if (slope !== null) {
                    sums.set(parent, (sums.get(parent) || 0) + (slope ? slope * sum : 0));
                }
            });
        }
        for (const arrow of arrows) {
            if (arrow.passes) found[arrow.number] = sums.get(arrow.start) || 0;
        }
    }
    return found;
}

// What is known after so many steps: which boxes have a value, what gradient each has so far, which
// gradients are complete, and the box in hand. `asked` arrows of the last step are still to come.
export function replayed(view, slopes, step, asked = 0) {
    const known = new Set(view.nodes.filter((node) => !view.into.get(node).length));
    const gradient = new Map();
    const complete = new Set();
    const open = new Map(view.nodes.map((node) =>
        [node, view.from.get(node).filter((arrow) => arrow.passes).length]));
    const passed = []; // by the last step: {arrow, before, share, after}
    view.steps.slice(0, step).forEach(({ phase, node }, place) => {
        if (phase === "forward") {
            known.add(node);
        } else if (phase === "seed") {
            gradient.set(node, 1);
            complete.add(node);
        } else {
            const arrows = view.into.get(node).filter((arrow) => arrow.passes);
            const last = place === step - 1;
            for (const arrow of last ? arrows.slice(0, arrows.length - asked) : arrows) {
                const { start } = arrow;
                const before = gradient.get(start) || 0;
                const share = product(slopes[arrow.number], gradient.get(node) || 0);
                gradient.set(start, before + share);
                open.set(start, open.get(start) - 1);
                if (open.get(start) === 0) complete.add(start);
                if (last) passed.push({ arrow, before, share, after: before + share });
            }
        }
    });
    if (step === view.steps.length && !asked) view.nodes.forEach((node) => complete.add(node));
    return { known, gradient, complete, passed, hand: view.steps[step - 1] || null };
}

export function product(slope, gradient) {
    return slope && gradient ? slope * gradient : 0;
}

// The boxes and arrows on the ways from a box to the root.
export function pathsTo(view, node) {
    const nodes = new Set([node]);
    const arrows = new Set();
    const waiting = [node];
    while (waiting.length) {
        for (const arrow of view.from.get(waiting.pop()) || []) {
            arrows.add(arrow.number);
            if (!nodes.has(arrow.end)) {
                nodes.add(arrow.end);
                waiting.push(arrow.end);
            }
        }
    }
    return { nodes, arrows };
}

// What a reader typed: a number, or arithmetic with numbers; null where it is neither.
export function readGuess(text) {
    const source = text.replace(/[−–]/g, "-").replace(/[·×]/g, "*").replace(/,/g, ".")
        .replace(/\s+/g, "");
    let at = 0;
    const next = (pattern) => {
        const found = source.slice(at).match(pattern);
        if (found) at += found[0].length;
        return found && found[0];
    };
    const atom = () => {
        if (next(/^\(/)) {
            const inside = sum();
            return next(/^\)/) ? inside : NaN;
        }
        const number = next(/^(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/i);
        return number === null ? NaN : Number(number);
    };
    const power = () => {
        const base = atom();
        return next(/^(\^|\*\*)/) ? base ** signed() : base;
    };
    const signed = () => (next(/^-/) ? -signed() : next(/^\+/) ? signed() : power());
    const term = () => {
        let result = signed();
        for (;;) {
            if (next(/^\*(?!\*)/)) result *= signed();
            else if (next(/^\//)) result /= signed();
            else if (source[at] === "(") result *= atom();
            else return result;
        }
    };
    const sum = () => {
        let result = term();
        for (;;) {
            const sign = next(/^[-+]/);
            if (!sign) return result;
            result += sign === "-" ? -term() : term();
        }
    };
    const value = source ? sum() : NaN;
    if (at < source.length || Number.isNaN(value)) return null;
    return { value, tolerance: toleranceOf(source) };
}

// Half a unit of the last digit written; of arithmetic, which may go on with rounded numbers,
// half a per cent of the result; the same is the most that is let pass.
function toleranceOf(source) {
    const found = source.match(/^[-+]?\d*(?:\.(\d*))?(?:e([-+]?\d+))?$/i);
    if (!found) return Infinity;
    return 0.5 * 10 ** (Number(found[2] || 0) - (found[1] || "").length);
}

export function agrees(guess, truth) {
    const most = Math.min(guess.tolerance, 0.005 * Math.abs(truth));
    return Math.abs(guess.value - truth) <= most + 1e-9 * Math.abs(truth);
}

// Which slip gives this guess for before + slope · arriving; "" where none does. `start` and `end`
// are the values at the ends of the arrow, `others` those of the end's other inputs.
export function slipOf(guess, { before, slope, arriving, start, end, others }) {
    const share = slope * arriving;
    const truth = before + share;
    const slips = [
        [share, "this is what arrives by this arrow alone: it is added to what came by others"],
        [-truth, "the sign is turned round"],
        [before - share, "the sign of what this arrow brings is turned round"],
        [before + slope, "this is the local derivative alone: it is still to be multiplied by "
            + "the gradient that arrives"],
        [before + arriving, "this is the gradient that arrives: it is still to be multiplied by "
            + "the local derivative"],
        [before + slope + arriving, "local derivative and gradient are added: the chain rule "
            + "multiplies"],
        [before + arriving / slope, "the gradient is divided by the local derivative: the chain "
            + "rule multiplies"],
        [before + share / 2, "a factor 2 is missing, as of a square's derivative"],
        [before + share * 2, "there is a factor 2 too many"],
        [before + start * arriving, "the input itself is taken for the derivative by it"],
        [before + end * arriving, "the result is taken for its derivative"],
        ...others.map((other) => [before + other * arriving,
            "another input is taken for the local derivative"]),
        [before, before ? "nothing is added for this arrow" : "something does arrive here"],
    ];
    const found = slips.find(([value]) =>
        Number.isFinite(value) && !agrees(guess, truth) && agrees(guess, value)
        && Math.abs(value - truth) > 1e-9 * Math.abs(truth));
    return found ? found[1] : "";
}

// The leaves after steps of gradient descent: `runs` lists [learning rate, how many steps].
export function trained(graph, program, numbers, runs) {
    const moving = graph.leaves.map((leaf) => graph.nodes[leaf].kind === "parameter");
    const now = [...numbers];
    const root = graph.nodes.length - 1;
    const losses = [evaluate(graph, program, now).values[root]];
    for (const [rate, count] of runs) {
        for (let step = 0; step < count; step++) {
            const found = gradients(graph, evaluate(graph, program, now));
            graph.leaves.forEach((leaf, place) => {
                if (moving[place]) now[place] -= rate * found[leaf];
            });
            losses.push(evaluate(graph, program, now).values[root]);
        }
    }
    return { numbers: now, losses };
}

// What a reader sees, as the end of an address, and back.
export function toAddress(graph, state) {
    const parts = [];
    const changed = graph.leaves.map((leaf, place) => [place, state.numbers[place]])
        .filter(([place, x]) => !Object.is(x, graph.nodes[graph.leaves[place]].data));
    if (changed.length) parts.push("n=" + changed.map(([place, x]) => `${place}:${x}`).join());
    if (state.runs.length) parts.push("runs=" + state.runs.map((run) => run.join("x")).join());
    if (state.rate !== graph.lr) parts.push(`lr=${state.rate}`);
    if (state.view !== graph.first) parts.push(`view=${graph.views[state.view].name}`);
    if (state.step !== null) parts.push(`step=${state.step}`);
    if (state.asked) parts.push(`asked=${state.asked}`);
    if (state.predict) parts.push("predict=1");
    if (state.chosen !== null) parts.push(`node=${state.chosen}`);
    if (state.theme) parts.push(`theme=${state.theme}`);
    if (state.place) parts.push("at=" + state.place.map((x) => Number(x.toPrecision(4))).join());
    return parts.length ? "#" + parts.join("&") : "";
}

export function fromAddress(graph, address) {
    const said = new Map(address.replace(/^#/, "").split("&").map((part) => part.split("=")));
    const count = (name, most) => {
        const x = Number(said.get(name) ?? NaN);
        return Number.isInteger(x) && x >= 0 && x <= most ? x : null;
    };
    const numbers = graph.leaves.map((leaf) => graph.nodes[leaf].data);
    for (const pair of (said.get("n") || "").split(",")) {
        const [place, x] = pair.split(":").map(Number);
        if (place in numbers && Number.isFinite(x)) numbers[place] = x;
    }
    const runs = (said.get("runs") || "").split(",").map((run) => run.split("x").map(Number))
        .filter(([rate, times]) => rate > 0 && times > 0 && times <= 1e5 && Number.isInteger(times));
    const named = graph.views.findIndex((view) => view.name === said.get("view"));
    const place = (said.get("at") || "").split(",").map(Number);
    const rate = Number(said.get("lr"));
    return {
        numbers,
        runs,
        rate: rate > 0 && rate < Infinity ? rate : graph.lr,
        view: named < 0 ? graph.first : named,
        step: count("step", 1e6),
        asked: count("asked", 1e6) || 0,
        predict: said.get("predict") === "1",
        chosen: count("node", graph.nodes.length - 1),
        theme: ["light", "dark"].includes(said.get("theme")) ? said.get("theme") : "",
        place: place.length === 3 && place.every(Number.isFinite) && place[2] > 0 ? place : null,
    };
}
