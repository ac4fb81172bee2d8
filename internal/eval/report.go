package eval

import (
	"math"
)

// defaultResamples is enough for the ends of an interval to be steady in the third digit.
const defaultResamples = 200

// ReportOptions say how a report is made. All but Resamples and Seed only changes what a reader sees.
type ReportOptions struct {
	// Resamples is how many times visitors are drawn again for the intervals: 200 when 0, no intervals when negative.
	Resamples int
	// Seed decides which visitors are drawn.
	Seed uint64
	// Title heads the text and the page; Source says what log and what model it was.
	Title, Source string
	// StageNames are the names of the tally's stages for a reader, where they differ from those the tally has.
	StageNames []string
	// Progress, when set, hears after every resample how many are done.
	Progress func(done, total int)
}

// Report has the figures of a backtest. A figure is nil, and null in JSON, where it is undefined: a mean of nothing, the
// area under the curve when all or none came true, an interval with a single visitor. Intervals are of 95 %.
type Report struct {
	Targets  map[string]TargetReport `json:"targets"`
	NextType NextReport              `json:"next_type"`
	Visits   int                     `json:"visits"`
	Events   int                     `json:"events"`
	Visitors int                     `json:"visitors"`
	Stages   StageReport             `json:"stages"`

	title, source string
	resamples     int
	names         []string      // of the targets, in the order of the tally
	calibrations  []calibration // parallel to names
	stageNames    []string      // the last is unsure
	stageLow      *float64
	stageHigh     *float64
	answers, flow [][]float64
}

// TargetReport has the figures of one target: over the first event of every visit, the second, and so on, and over
// every event.
type TargetReport struct {
	K1    Metrics `json:"k1"`
	K2    Metrics `json:"k2"`
	K3    Metrics `json:"k3"`
	K4    Metrics `json:"k4"`
	K5    Metrics `json:"k5"`
	Every Metrics `json:"every"`
}

// Metrics are the figures over some events: the area under the ROC curve with ties counted half, the mean logarithmic
// loss in nats, the Brier score, and the expected calibration error over 15 bins of equal width.
type Metrics struct {
	N           int      `json:"n"`
	Positives   int      `json:"positives"`
	AUC         *float64 `json:"auc"`
	AUCLow      *float64 `json:"auc_low"`
	AUCHigh     *float64 `json:"auc_high"`
	LogLoss     *float64 `json:"log_loss"`
	LogLossLow  *float64 `json:"log_loss_low"`
	LogLossHigh *float64 `json:"log_loss_high"`
	Brier       *float64 `json:"brier"`
	ECE         *float64 `json:"ece"`
}

// NextReport is how well the type of the next event was foreseen: the perplexity is the number of equally likely types
// that would be as hard to foresee.
type NextReport struct {
	Perplexity     *float64 `json:"perplexity"`
	PerplexityLow  *float64 `json:"perplexity_low"`
	PerplexityHigh *float64 `json:"perplexity_high"`
}

// StageReport compares stages to hindsight, over the N events where hindsight gives a stage. Accuracy is that of the
// likeliest stage, told or not; Answered is the share that was not unsure, and AccuracyAnswered the accuracy among these.
type StageReport struct {
	Accuracy         *float64 `json:"accuracy"`
	AccuracyAnswered *float64 `json:"accuracy_answered"`
	Answered         *float64 `json:"answered"`
	N                int      `json:"n"`
}

// calibration is what the pictures of a target are drawn from.
type calibration struct {
	bins      [bins]bin
	low, high [bins]*float64 // of the frequency in a bin
	scores    [2][scoreBins]int
}

// The histogram of scores has bins of equal width in log-odds, from -scoreEnd to scoreEnd.
const (
	scoreEnd  = 9.0
	scoreBins = 72
)

// Report works out the figures. It takes memory of its own, for one target at a time: 16 bytes a prediction while
// sorting, then at most 8.
func (t *Tally) Report(o ReportOptions) *Report {
	if o.Resamples == 0 {
		o.Resamples = defaultResamples
	}
	if o.Resamples < 0 || len(t.people) < 2 { // one visitor drawn again is the same visitor
		o.Resamples = 0
	}
	r := &Report{
		Targets: map[string]TargetReport{}, Visits: len(t.visits), Events: len(t.visitor), Visitors: len(t.people),
		title: o.Title, source: o.Source, resamples: o.Resamples, names: t.targets, answers: t.answers, flow: t.flow,
	}
	if r.title == "" {
		r.title = "Backtest"
	}
	r.stageNames = append(r.stageNames, t.stages...)
	copy(r.stageNames, o.StageNames)
	r.stageNames = append(r.stageNames, "unsure")
	done, total := 0, o.Resamples*(len(t.targets)+1)
	step := func() {
		done++
		if o.Progress != nil {
			o.Progress(done, total)
		}
	}
	for i, name := range t.targets {
		target, c := t.target(i, o, step)
		r.Targets[name] = target
		r.calibrations = append(r.calibrations, c)
	}
	t.nextAndStages(r, o, step)
	return r
}

// target works out the figures of one target and the data of its pictures.
func (t *Tally) target(target int, o ReportOptions, step func()) (TargetReport, calibration) {
	scores := t.scores(target)
	c := calibration{scores: histogram(scores)}
	var groups [positions + 1]*ranking
	for k := range groups {
		groups[k] = rank(scores, k, len(t.people))
	}
	var aucs, losses [positions + 1][]float64
	var rates [bins][]float64
	sample := newSampler(o.Seed, len(t.people))
	for range o.Resamples {
		weights := sample.next()
		for k, g := range groups {
			p := g.weigh(weights)
			aucs[k] = append(aucs[k], p.auc())
			losses[k] = append(losses[k], weighted(g.loss, weights)/p.events())
			if k == everyEvent {
				for i := range rates {
					rates[i] = append(rates[i], p.rate(i))
				}
			}
		}
		step()
	}
	ones := make([]uint32, len(t.people))
	for i := range ones {
		ones[i] = 1
	}
	var m [positions + 1]Metrics
	for k, g := range groups {
		p := g.weigh(ones)
		m[k] = g.metrics()
		m[k].AUC = defined(p.auc())
		m[k].AUCLow, m[k].AUCHigh = interval(aucs[k])
		m[k].LogLossLow, m[k].LogLossHigh = interval(losses[k])
	}
	c.bins = groups[everyEvent].bins
	for i := range rates {
		c.low[i], c.high[i] = interval(rates[i])
	}
	return TargetReport{K1: m[1], K2: m[2], K3: m[3], K4: m[4], K5: m[5], Every: m[everyEvent]}, c
}

// histogram counts scores: first those that did not come true, then those that did.
func histogram(scores []scored) (counts [2][scoreBins]int) {
	for i := range scores {
		s := &scores[i]
		odds := math.Log(max(s.p, least) / max(1-s.p, least))
		at := min(max(int((odds+scoreEnd)/(2*scoreEnd)*scoreBins), 0), scoreBins-1)
		if s.happened {
			counts[1][at]++
		} else {
			counts[0][at]++
		}
	}
	return counts
}

// nextAndStages works out what needs no more than the sums of each visitor.
func (t *Tally) nextAndStages(r *Report, o ReportOptions, step func()) {
	total := func(weight func(i int) float64) (perplexity float64, s StageReport) {
		var surprise, events, judged, answered, right, guessed float64
		for i := range t.people {
			p, w := &t.people[i], weight(i)
			surprise += w * p.surprise
			events += w * float64(p.events)
			judged += w * float64(p.judged)
			answered += w * float64(p.answered)
			right += w * float64(p.right)
			guessed += w * float64(p.guessed)
		}
		return math.Exp(surprise / events), StageReport{
			Accuracy: defined(guessed / judged), AccuracyAnswered: defined(right / answered), Answered: defined(answered / judged), N: int(judged),
		}
	}
	perplexity, stages := total(func(int) float64 { return 1 })
	r.NextType.Perplexity, r.Stages = defined(perplexity), stages
	var perplexities, accuracies []float64
	sample := newSampler(o.Seed, len(t.people))
	for range o.Resamples {
		weights := sample.next()
		p, s := total(func(i int) float64 { return float64(weights[i]) })
		perplexities = append(perplexities, p)
		accuracy := math.NaN()
		if s.Accuracy != nil {
			accuracy = *s.Accuracy
		}
		accuracies = append(accuracies, accuracy)
		step()
	}
	r.NextType.PerplexityLow, r.NextType.PerplexityHigh = interval(perplexities)
	r.stageLow, r.stageHigh = interval(accuracies)
}

// row is one line of a target's figures, with a name for it.
type row struct {
	Name string
	Metrics
}

// rows are the figures of a target in reading order.
func (t TargetReport) rows() []row {
	return []row{
		{"event 1", t.K1}, {"event 2", t.K2}, {"event 3", t.K3}, {"event 4", t.K4}, {"event 5", t.K5}, {"every event", t.Every},
	}
}
