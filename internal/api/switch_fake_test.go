package api

import (
	"context"
	"time"

	"github.com/veiviser/veiviser/internal/review"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func (f *fake) PreviewSwitch(context.Context, veiviser.Switch, time.Duration) (review.SwitchPreview, error) {
	return review.SwitchPreview{Items: []string{"a"}, Count: 1, Empty: []string{"home"}, Decisions: 5, Stopped: 2, People: 1}, nil
}

func (f *fake) CheckSwitch(_ context.Context, s veiviser.Switch, author, note string) (veiviser.Switch, error) {
	s.History = []veiviser.SwitchChange{{Author: author, Note: note}}
	return s, nil
}

func (f *fake) SetSwitch(ctx context.Context, s veiviser.Switch, author, note string) (veiviser.Switch, error) {
	return f.CheckSwitch(ctx, s, author, note)
}

func (f *fake) ResumeSwitch(_ context.Context, id string, all bool, author, note string) (veiviser.Switch, error) {
	return veiviser.Switch{ID: id, Resume: veiviser.Crisis{}.WithDefaults().Resume, Stage: 1, Over: all, History: []veiviser.SwitchChange{{Author: author, Note: note, Stage: 1, Over: all}}}, nil
}

func (f *fake) Switches(context.Context) ([]veiviser.Switch, error) {
	return []veiviser.Switch{{ID: "on", Topic: "bike"}}, nil
}

func (f *fake) Missing(*veiviser.Switch) []string { return []string{"topic"} }
