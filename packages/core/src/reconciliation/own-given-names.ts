/**
 * Given names that lie one letter from another and are names of their own: Mathis beside Mathias, Lina beside Lena. A registry
 * shows by itself which names are common; this list is for those that it may happen not to have. Lower case, without
 * diacritics, glued.
 */

/** A part of the shipped model's version, as the variants are. */
export const OWN_GIVEN_NAMES_VERSION = '2026-1';

const NAMES = `
ada ade adel adela adele adelin adeline aden adil adila adina adnan adrien adrienne agata agathe agnes ahmed aicha aida aiden
aiko aimee ait aksel alain alan alana alba alban albane albert alda aldo alea alec alek alena alessa alessia alessio alex alexa
alexia alexis alfie alfons alfred alia alice alicia alida aline alisa alisha alissa aliya aliyah allan alma alois aloys alya
alyssa amal amalia amalie amar amara amelia amelie amin amina amine amir amira ana anaelle anais anas ander anders andre andrea
andreas andree andrei andrew andries andy anes ange angela angele angelina angelo anika anis anisa anissa anita anja anke ann
anna annabel annabelle anne annelies annemie annette annick annie anouar anouk anthony antje anton antonia antonin antonio anwar
aria ariana ariane arie ariel arian arjen armand arno arnold arnaud aron arsene arthur artur arya asia asli asma assia astrid
asya ata athena aude audrey august augusta auguste augustin aurele aurelia aurelie aurelien aurora aurore ava axel axelle aya
ayaan ayan aylin ayla ayman aymen ayoub ayse azra azzedine bala baptist baptiste barbara bart basil bastian bastiaan bastien
beata beate beatrice beatrix ben benedicta benedicte beni benita benito benjamin benno benny benoit berenice berna bernard
bernadette bert berta bertha bertrand bianca bilal bilel birgit birgitta bjorn bo bob boris boudewijn bram branco brandon brecht
brenda brent brian brice brigitta brigitte bruna bruno bryan caleb callum camelia camila camilla camille camillo cara carel carin
carina carine carl carla carlo carlos carmela carmen carol carola carole carolien carolina caroline carsten cas casper cassandra
cathy cecile cecilia cedric celeste celia celina celine cem cengiz chaima chaimae chakib chantal charel charlene charles charley
charlie charline charlize charlotte chiara chloe chris christa christel christelle christian christiane christin christina
christine christophe ciaran cilia cindy clair claire clara clarisse claude claudette claudia claudine claudio clemence clement
clementine cleo cloe clovis coen colette colin colette constance constant cora coralie corentin corina corine corinna corinne
cyril cyrille daan dalia dalila damian damien damon dan dana danae dani daniel daniela daniele danielle danilo danny dante danuta
daphne daria dario darius dave david davide davina davy dawid dean deborah delia delphine denis denise deniz dennis denny denys
dewi diana diane didier diego dieter dilan dilara dimitri dina dino dion dirk djamel djamila dominik dominika dominique donna
dora doreen dorian doriane doris dorothea dorothee dounia driss duncan dunya dyan dylan ebru eda edda eddy eden edgar edgard
edith edmond edna eduard edward edwin efe ege eglantine ela elea elena eleni eleonora eleonore elia eliana elian elias elie elien
eliana elif elija elijah elin elina eline elio eliot eliott elisa elise elke ella ellen elli ellie elliot elly elodie eloise
elouan els elsa elsie elske elvin elvira elvire elyas elyes emeline emeric emerik emil emile emilia emilie emilien emilio emine
emma emmy emre emy enes enno enora enzo eren eric erica erich erik erika erin erna ernest ernst erwan erwin esma esmee esra
estelle ester esther etan ethan eugene eugenia eugenie eva evan evelien evelina eveline evelyn evelyne evi evie evy ewa ewan
ewout ezra fabian fabien fabienne fabio fabrice fadi fadila faisal fanny farah fares farid farida faris fatiha fatih fatima fatma
fatou felicia felicie felicien felix fenna fenne ferdi ferre fien fiene figen fiona firas fleur flor flora floran floor flore
florence florent florian floriane floris fons fran franca france frances francesca francesco francine francis franco francois
frank frans franz freddy frederic frederik frederique frida frits fritz furkan gabin gabriel gabriela gabriele gabriella
gabrielle gael gaelle gaetan gaetane gaia gaston geert geoffrey georg george georges georgette georgia georgina gerald geraldine
gerard gerda gerhard germain germaine gerrit gert gerta gertrud ghislain ghislaine gian gianni gilbert gilberte giles gilles gina
gino giorgia giorgio gisela gisele giulia giuliana giuliano giulio gloria goran goswin grace gregoire gregor gregory greta grete
grietje guido guillaume guillem gunter gunther gustav gustave guy gwen gwenael gwendoline haci hadi hadrien hafida hafsa hajar
hakan hakim hala hamid hamida hamza hana hanae hanan hania hanna hannah hanne hannes hans harald haris harold haron harry haruna
harun hasan hasna hassan hatice havva heidi heike hela helen helena helene helga helmut henni henny henri henriette henrik hetty
hicham hilal hilda hilde hubert huberte hugo hugues huguette ian ibrahim ibtissam ida idris ike ikram ilan ilana ilham ilias
ilian iliana ilka ilona ilyan ilyas ilyes imad iman imane imen imran ina ine ines inge ingrid inka inne ioana ion irena irene
irina iris irma isa isaac isabel isabella isabelle isak isaline isis isla ismael ismail issa issam ivan ivana ivo ivy iwan iwona
jaap jacek jack jackie jacky jacob jacqueline jacques jade jaden jadon jai jakub jala jaleel jamal jamel james jamie jamila jan
jana jane janet janette janis janna jano janne janneke jannes jannis janosch jarne jaro jason jasmin jasmina jasmine jasper jaume
jawad jay jaiden jayden jaylen jaylan jayson brayden cayden hayden kaiden rayden zaiden zayden ayden jean jeanine jeanne jeannette jeannine jef jeff jelena jelle jelte jenna jenne jennifer
jenny jens jente jeremie jeremy jerome jerry jesse jessica jessie jessy jill jimi jimmy jinte joachim joan joanna joanne joannes
joaquin jochem jocelyn jocelyne joel joelle joep joey johan johann johanna johannes john johnny jole joleen jolien joline jon jona
jonah jonas jonathan jonna joost jordan jordi joren joris jorn jos jose josefa josefien josefina josefine joseph josette josh
joshua josiane josie josine josue jouke joy joyce juan juana judith jules julia julian juliana juliane julie julien julienne
juliet juliette julius julo june junior jurgen juri just justin justina justine justus juul kader kai kamal kamel kamil kamila
kamilla karel karen karim karima karin karina karine karl karla karlijn karolien karolina karoline kars karsten kasper katarina
kate katelijne katharina kathleen kathy katia katinka katja kato katrien katrin kay kayden kaya kayla kaylan kaylee kaylin keanu
keith kelian kelly kelsey kelvin kemal kenan kenneth kenny kenza keona kerem kerim kerstin kevin khaled khalid khalil kiana kian
kiara kieran kilian kim kimberley kimberly kimi kira kiran kirsten kjell klaas klara klaus kobe koen konrad kris krista kristel
kristen kristian kristien kristin kristina kristof kurt kylian kyan kyle kyra lachlan lahcen laila lamia lana lander lane lara
larbi lars lasse latifa laura laurane laure lauren laurence laurens laurent laurette lauri laurie laurien laurine lauryn lavinia
layan layla lea leah leana leander leandra leandre leandro leen leia leila leilani lela lele lena lenaig lene leni lenja lenka
lenn lenna lennart lenny lenora lenz leo leon leona leonard leonardo leonce leoni leonie leonor leonora leopold leroy lesley
leslie leticia lev levi levin levy lewin lewis lexi leyla leyna lia liam lian liana liane lias lidia lidy lie lien lieke lies
liesa liesbet liese lieve lieven lila lili lilia lilian liliana liliane lilien lilith lill lilli lillian lilly lilo lilou lily
lin lina linda linde linden line linn linne linnea lino linus lio lion lionel lis lisa lisanne lise liselot lisette lissa liv
livia livio liz liza lizzy loana loane loan loen loes loic lois lola lolita lon lona lone loni lonne lora lore loredana loreen
loren lorena lorenz lorenza lorenzo loreto loretta lori lorie lorin loris lorna lou louane louca loucas louis louisa louise louka
loukas loulou louna lounes lowie luc luca lucas lucia lucian luciana luciano lucie lucien lucienne lucila lucile lucilia lucille
lucio lucy ludo ludovic luigi luis luisa luise luka lukas luke lukasz lula luna lune lutgard lutz luuk lyam lydia lydie lyla lyn
lyna lyne lynn lyse maaike maarten mabel machteld madalena maddie madeleine madelief madeline madelon madison mado mae mael
maelle maelys maeva maeve magali magda magdalena magnus mahdi maia maike maik mailys maira maissa maja malak malek malia malik
malika malin malo malte malou manal manar manda mandy manfred manil mano manon manou mans manuel manuela mara marc marceau marcel
marcela marcelin marceline marcella marcelle marcello marcin marco marcos marcus mare mareen mareike maren margaret margareta
margarita margaux margo margot marguerite maria mariam marian mariana mariane marianna marianne maribel marie mariella marieke
mariem marielle mariette marijke marijn marika marilyn marin marina marine marino mario marion marios maris marisa marissa marit
marita mariusz marius mariya marjan marjolein marjorie mark markus marla marleen marlene marlies marlon marlou marlow marnik
marnix mart marta marte marten martha marthe martien martijn martin martina martine martino marvin marwa marwan mary maryam
maryana marylou maryse marysia massimo mateo mateusz mathias mathieu mathilda mathilde mathis mathys matia matias matilda matilde
matis mats matt matteo matthew matthias matthieu mattia mattias mattis maud maude maura maureen mauri maurice mauro max maxence
maxim maxime maximilian may maya mayra mayssa mehdi mehmet meike mel melania melanie melek melia melih melik melina meline melis
melisa melissa melle melodie melody meltem melvin mercedes mert meryem metin mia mica micha michael michal michel michela
michele micheline michelle michiel mick miel mien mieke mies miguel mika mikael mikail mike mikel miklas mila milan milana mile
milena milo milou mina minou mira miran miranda mirella mireille miriam mirjam mirka mirko miro misha mitch moana mohamed moira
mona monia monica monika monique morgan morgane morgana moritz moussa mouad mounir mounira muriel musa mustafa mya mylan mylene
myla mylo myriam myron myrte myrthe nabil nabila nacer nada nadege nadia nadine nadir nadira nahel naila naim naima najat najib
najim nala nana nancy nando naomi naomie nassim nasser natacha natalia natalie natan natasha nathalie nathan nathanael nawal
nawel nayla nazim neal nel nele nell nella nelli nelly nelson nena nene neo nessa nestor nevio neyla niamh nicholas nick nico
nicol nicola nicolas nicole nicoletta nicoline niek niel niels nienke nika niki nikita nikki niklas niko nikola nikolas nikos nil
nila nile nils nina nine nino nio nisa nisrine nives noa noah noam noan noe noel noela noelia noelie noella noelle noemi noemie
noor nora norah noran norbert nore norea noreen norma norman nouh nour noura nouria nova nuno nur nura nuri odette odile odin
oihana olaf ole oleg olga olina olive oliver olivia olivier olof ona onno oona ophelia ophelie orane oriane orlando ornella
orphee orson oscar oskar osman otis otto ouassim oumaima oumar owen ozan pablo pacome paco paloma pamela paola paolo pascal
pascale pascaline pat patric patrice patricia patrick patrik patsy patty paul paula paulette paulien paulin paulina pauline paulo
pavel pawel pedro peggy per perla perle perrine peter petra petrus petronella phara philip philippe philo philomena pia pien pier
pierre pierrette pierrick piet pieter pietro pim pina pino pippa placide polina polly prudence quentin quin quincy quinn quint
quinten quintin rachel rachelle rachid rachida radia rafael rafaela rafik rahim rahma raina raisa raissa ralf ralph rami ramin
ramon ramona ramy rana rand randy ranim rania raoul raphael raphaela raphaelle raquel rashid raul rayan rayane raymond raymonde
rayna rayyan reda regina regine regis reina reinald reinhard reinhild reinout remco remi remo remy rena renaat renald renan
renate renato renaud rene renee reno renzo resi reza rhea rhys ria riad rian riana rianne ric ricardo riccardo richard rick ricky
rico rien rik rika riley rim rima rina rino rio rita rivka riwan riyad roan rob robbe robert roberta roberte roberto robin robine
robyn rocco roch rochelle roderick rodolphe rodrigo roel roeland roger rojda roland rolande rolf roly romain roman romana romane
romeo romina romy ron rona ronald ronan roni ronja ronny roos rosa rosalia rosalie rosalind rosaline rosana rosanna rosario rose
roseline rosemarie rosemary rosetta rosette rosie rosina rosine rosita roswitha rowan rowena roxana roxane roxanne roy ruben rudi
rudolf rudy rufus rune rupert russell ruth ryan saad saar sabah saber sabine sabri sabrina sacha sadia safa safia safiya said
saida saif sakina salah sale saleh salem salim salima salma salman salome salomon salvador salvatore sam samantha samara sami
samia samir samira samson samuel samy sana sanaa sander sandra sandrine sandro sandy sanna sanne santiago santino santo sara
sarah saskia sasha saul savannah scott sean seb sebastian sebastien sefa sef selam selena selim selin selina selma selna semi
semih sena senna senne seppe serafina serap serena serge sergej sergio serhat serkan sevda severin severine seyma shana shane
shanna shannon shari sharon shawn sheila shirley siebe siebren sien siena sienna sigrid silas silje silke silva silvain silvan
silvana silvano silvia silvie silvio sim sima simeon simon simona simone sina sinan sinem sira sirine siska sixtine skye sofia
sofian sofiane sofie soha sohan sol solal solan solange soledad solene solveig sonia sonja sophia sophie soraya soren souad
soufiane stacy stan stanislas stef stefaan stefan stefania stefanie stefano steffen steffi stella stephan stephane stephanie
stephen sterre steve steven stien stijn stina storm sturla suat sue sulayman summer sumeyye susan susana susanna susanne suzan
suzanna suzanne suzette suzy sven svenja svetlana swan swen sybil sylvain sylvaine sylvana sylvester sylvia sylvie tamar tamara
tami tania tanja tanya tara tarek tarik tatiana tatjana tea ted teo teodor terence teresa tess tessa thalia thea theo theodor
theodora theodore theofiel theresa therese thibaud thibault thibaut thibo thierry thijl thijmen thijs thilda thilo thom thomas
thor thorsten tia tiago tiana tibe tibo tibor tiffany tijl tijmen tijs til tilda tilde till tille tilly tim time timea timeo
timm timo timon timoteo timothee timothy timur tin tina tine tineke tinne tino tirza titus tiziana tjorven tobe tobi tobias toby
todd tom toma tomas tomasz tommaso tommy tomos ton toni tonia tonio tony toon tore torsten toussaint tove tracy tristan truus tuba
tugba tuur tycho tyler tyra tyson ugo ulla ulrich ulrik ulrika ulrike uma umar umut urbain urban uriel ursula ute uwe val valentin
valentina valentine valentino valere valeria valerian valerie valerio valery vanessa vanja vasco veerle velma vera verena verona
veronica veronika veronique vesna vic vicky victor victoire victoria vidal viggo viktor viktoria vilja vilma vince vincent
vincenzo viola violet violeta violetta violette virgil virgile virginia virginie vita vital vitalie vito vittoria vittorio viv
vivian viviana viviane vivien vivienne vlad wafa wael wahid waldo walid walter wanda wannes ward warre warren wassim wen wendy
wenzel werner wes wesley wiebe wieland wies wil wiktor wilfred wilfried wilhelm will willeke willem william willy wilma wim
winnie witse wiwi wolf wolfgang wouter xander xandra xavier xenia yael yago yan yana yanis yann yanna yannick yannis yara yaro
yaron yasar yasin yasmin yasmina yasmine yasser yassin yassine yassir yentl yeliz yente ylana ylano ylan yoan yoann yohan yolan
yolanda yolande yolanthe yoni yorben yorick yoshi youness younes youri yousra youssef yuna yuri yuna yunus yusra yusuf yvan yven
yves yvette yvo yvon yvonne zac zack zahra zaid zain zaina zaineb zakaria zaki zana zara zeger zehra zeinab zena zenia zeno zeynep
zia ziad zihan zina zineb zita zoe zoey zofia zohra zoltan zora zoran zoya zuzana zuzanna
`;

const OWN: ReadonlySet<string> = new Set(NAMES.trim().split(/\s+/));

/** Whether a folded, glued given name is one of its own, however rare here. */
export function isOwnGivenName(glued: string): boolean {
  return OWN.has(glued);
}
