package api

import (
	"context"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/review"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// Switches silences and resumes. [plan.Library] is one.
type Switches interface {
	// CheckSwitch gives a switch as it would be, or says what is wrong with it.
	CheckSwitch(ctx context.Context, s veiviser.Switch, author, note string) (veiviser.Switch, error)
	// SetSwitch silences what a switch is about.
	SetSwitch(ctx context.Context, s veiviser.Switch, author, note string) (veiviser.Switch, error)
	// ResumeSwitch takes a switch one stage back, or with all to the end.
	ResumeSwitch(ctx context.Context, id string, all bool, author, note string) (veiviser.Switch, error)
	// Switches are all switches, those that are on first, the newest first.
	Switches(ctx context.Context) ([]veiviser.Switch, error)
	// Missing says what a switch needs to do what it says and does not find now.
	Missing(s *veiviser.Switch) []string
}

// SetSwitch silences what a switch is about, or says what it would stop.
func (s *plans) SetSwitch(ctx context.Context, in *veiviserv1.SetSwitchRequest) (*veiviserv1.SetSwitchResponse, error) {
	w := switchFromProto(in.GetSwitch())
	if in.GetDryRun() {
		return s.previewSwitch(ctx, w, in)
	}
	set, err := s.switches.SetSwitch(ctx, w, in.GetAuthor(), in.GetNote())
	if err != nil {
		return nil, err
	}
	return &veiviserv1.SetSwitchResponse{Switch: s.switchToProto(&set)}, nil
}

// previewSwitch says what a switch would stop.
func (s *plans) previewSwitch(ctx context.Context, w veiviser.Switch, in *veiviserv1.SetSwitchRequest) (*veiviserv1.SetSwitchResponse, error) {
	lookBack := in.GetLookBack().AsDuration()
	if in.GetLookBack() != nil && (in.GetLookBack().CheckValid() != nil || lookBack <= 0) {
		return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "look_back", "must be longer than 0; leave it out for one day")
	}
	w, err := s.switches.CheckSwitch(ctx, w, in.GetAuthor(), in.GetNote())
	if err != nil {
		return nil, err
	}
	p, err := s.reviewer.PreviewSwitch(ctx, w, lookBack)
	if err != nil {
		return nil, err
	}
	return &veiviserv1.SetSwitchResponse{Switch: s.switchToProto(&w), Preview: previewToProto(&p)}, nil
}

// ResumeSwitch takes a switch one stage further back, or all the way.
func (s *plans) ResumeSwitch(ctx context.Context, in *veiviserv1.ResumeSwitchRequest) (*veiviserv1.ResumeSwitchResponse, error) {
	w, err := s.switches.ResumeSwitch(ctx, in.GetSwitchId(), in.GetAll(), in.GetAuthor(), in.GetNote())
	if err != nil {
		return nil, err
	}
	return &veiviserv1.ResumeSwitchResponse{Switch: s.switchToProto(&w)}, nil
}

// ListSwitches lists switches with all that was done with them.
func (s *plans) ListSwitches(ctx context.Context, _ *veiviserv1.ListSwitchesRequest) (*veiviserv1.ListSwitchesResponse, error) {
	list, err := s.switches.Switches(ctx)
	if err != nil {
		return nil, err
	}
	out := &veiviserv1.ListSwitchesResponse{}
	for i := range list {
		out.Switches = append(out.Switches, s.switchToProto(&list[i]))
	}
	return out, nil
}

func switchFromProto(s *veiviserv1.Switch) veiviser.Switch {
	return veiviser.Switch{
		ID: s.GetSwitchId(), Topic: s.GetTopic(), Region: s.GetRegion(), Segment: s.GetSegment(), Statement: s.GetStatementItemId(),
	}
}

func (s *plans) switchToProto(w *veiviser.Switch) *veiviserv1.Switch {
	out := switchToProto(w)
	out.Missing = s.switches.Missing(w)
	return out
}

func switchToProto(s *veiviser.Switch) *veiviserv1.Switch {
	out := &veiviserv1.Switch{
		SwitchId: s.ID, Topic: s.Topic, Region: s.Region, Segment: s.Segment, StatementItemId: s.Statement, Stage: int32(s.Stage),
		Over: s.Over, CreateTime: timeToProto(s.Created), Resume: planpb.ResumeToProto(s.Resume),
	}
	if s.Stage > 0 && s.Stage <= len(s.Resume) {
		out.StageId = s.Resume[s.Stage-1].ID
	}
	for _, c := range s.History {
		out.History = append(out.History, &veiviserv1.SwitchChange{
			Time: timeToProto(c.Time), Author: c.Author, Note: c.Note, Stage: int32(c.Stage), Over: c.Over,
		})
	}
	return out
}

func previewToProto(p *review.SwitchPreview) *veiviserv1.SwitchPreview {
	return &veiviserv1.SwitchPreview{
		ItemIds: p.Items, ItemCount: int32(p.Count), EmptyPlacements: p.Empty,
		Decisions: p.Decisions, StoppedDecisions: p.Stopped, People: p.People,
	}
}
