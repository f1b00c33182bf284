from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0055_papers_stay'),
    ]

    operations = [
        migrations.AlterField(
            model_name='planevent',
            name='kind',
            field=models.CharField(choices=[('proposed', 'proposed'), ('approved', 'approved and offered'), ('rejected', 'rejected'), ('withdrawn', 'withdrawn'), ('lapsed', 'not signed in time'), ('handed_in', 'signed agreement handed in'), ('sent_back', 'signed agreement sent back'), ('extended', 'offer stands longer'), ('signed', 'signed, in force'), ('missed', 'instalment missed, collection goes on'), ('caught_up', 'caught up, collection stops again'), ('paid', 'paid off'), ('cured', 'cured after observation'), ('broken', 'broken')], max_length=10),
        ),
    ]
